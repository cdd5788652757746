import { useState } from "react";
import { signIn, tokenOfTab } from "../weir.ts";

/** Asks for a token, in place of the page that is not shown without one. */
export function SignIn({ code }: { code: string }) {
  const [token, setToken] = useState("");
  return (
    <main id="main" className="signin">
      <form
        className="card pad col"
        onSubmit={(event) => {
          event.preventDefault();
          signIn(token.trim());
        }}
      >
        <h1 className="rt">Sign in</h1>
        <p className="mid">
          {code === "FORBIDDEN"
            ? "This token may not look at this."
            : tokenOfTab() === null
              ? "This service asks for a token."
              : "The token is not valid any more."}
        </p>
        <label htmlFor="token">Token</label>
        <input
          id="token"
          type="password"
          autoComplete="off"
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        <button type="submit" className="btn p" disabled={token.trim() === ""}>
          Sign in
        </button>
      </form>
    </main>
  );
}
