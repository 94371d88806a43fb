// What the dashboard can do to a run, with a token: stop it, pause it, raise its budget. The token stays in this tab's
// sessionStorage and goes nowhere but into a request's header.
"use strict";
const makeControl = ({ask, token, keep, look}) => {
  const {put} = words;
  const panel = part("panel"), button = part("control"), field = part("token"), sure = part("sure");
  const say = (text, tone = "none") => {
    put(part("said").firstChild, text);
    part("said").dataset.tone = tone;
  };
  const unfold = open => {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", open);
  };
  let state = null, possible = false, wanted = false;

  const show = () => {
    const off = state !== null && !state.control && !wanted && !state.token_needed;
    part("panel-off").hidden = !off;
    part("token-form").hidden = off;
    part("actions").hidden = off || wanted || !state?.control;
    part("forget").hidden = token() === "";
    field.placeholder = token() ? "a token is kept for this tab" : "";
    const paused = state?.state === "paused";
    put(part("pause"), paused ? "Resume" : "Pause");
    part("pause").disabled = !possible || state.state === "stopping" || !state.live;
    part("stop").disabled = part("pause").disabled;
    part("budget-form").querySelector("button").disabled = part("pause").disabled;
  };

  const post = async (path, done, body) => {
    if (!token()) {
      say("Enter the token first.", "warn");
      field.focus();
      return;
    }
    say("Asking…");
    try {
      await ask(path, body);
      say(done);
      look();
    } catch (error) {
      if (error.status === 401) {
        keep("");
        say("The token is wrong: " + error.told, "bad");
        field.focus();
      } else {
        say(error.told ?? "The program does not answer.", "bad");
      }
      show();
    }
  };

  button.addEventListener("click", () => unfold(panel.hidden));
  part("token-form").addEventListener("submit", event => {
    event.preventDefault();
    if (!field.value) return say("Enter the token first.", "warn");
    keep(field.value.trim());
    field.value = "";
    say("The token is kept for this tab, until it is closed.");
    show();
    look();
  });
  part("forget").addEventListener("click", () => {
    keep("");
    say("The token is forgotten.");
    show();
    look();
  });
  part("pause").addEventListener("click", () => state.state === "paused"
    ? post("/api/resume", "The run continues.") : post("/api/pause", "The run is paused: what is in flight still comes back."));
  part("stop").addEventListener("click", () => token() ? sure.showModal() : post("/api/stop", ""));
  part("sure-no").addEventListener("click", () => sure.close());
  part("sure-yes").addEventListener("click", () => {
    sure.close();
    post("/api/stop", "The run stops: what is in flight is waited for.");
  });
  part("budget-form").addEventListener("submit", event => {
    event.preventDefault();
    const usd = part("budget").value.trim().replace(/^\$/, "");
    if (!/^\d+(\.\d{1,12})?$/.test(usd)) return say("Write the budget as dollars, such as 25.50.", "warn");
    post("/api/budget", `The budget is now $${usd}.`, {usd});
  });

  return {
    // `can`: a run is there to be told something. `locked`: looking at the job was refused without the token, or with this one.
    show(now, can, locked) {
      if (locked && token()) {
        keep("");
        say("That token is wrong.", "bad");
      }
      const first = locked && !wanted;
      state = now;
      possible = can;
      wanted = locked;
      show();
      if (!first) return;
      unfold(true);
      field.focus();
    },
  };
};
