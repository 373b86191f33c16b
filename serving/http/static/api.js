// Asks the server.

/** What /api answers; an error with its message if it refuses. */
export async function api(path, body) {
  const key = sessionStorage.getItem("key");
  const headers = { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) };
  const response = await fetch(`/api/${path}`, body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers });
  if (response.status === 401 && askForKey()) return api(path, body);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? `the server answered ${response.status}`);
  return answer;
}

/** Asks for the server's key, which this tab then remembers; false if it is not given. */
function askForKey() {
  const key = prompt("The key of this server")?.trim();
  if (key) sessionStorage.setItem("key", key);
  return Boolean(key);
}
