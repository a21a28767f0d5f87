-- Questions of runs: the plan to approve, the change to apply. The first answer counts, wherever it
-- is given; a question that was answered elsewhere is left alone.
local M = {}

local asked = {} ---@type table<string, boolean>

local function answer(client, run, facts, choice)
  local arguments = { run = run, question = facts.key, answer = choice }
  local params = { command = "samokoder.run.answer", arguments = { arguments } }
  local handler = function(error)
    if error then
      require("samokoder.words").failed(error)
    end
  end
  if vim.fn.has("nvim-0.11") == 1 then
    client:request("workspace/executeCommand", params, handler)
  else
    client.request("workspace/executeCommand", params, handler)
  end
end

local function event(_, params, context)
  vim.api.nvim_exec_autocmds("User", { pattern = "SamokoderEvent", modeline = false, data = params })
  local client = vim.lsp.get_client_by_id(context.client_id)
  if params.kind == "state" and params.facts.state ~= "waiting" then
    asked[params.run] = nil
  end
  if params.kind ~= "question" or not client or not M.mine(client, params.run) then
    return
  end
  asked[params.run] = true
  vim.schedule(function()
    vim.ui.select(params.facts.options, { prompt = params.facts.text }, function(choice)
      if choice and asked[params.run] then
        asked[params.run] = nil
        answer(client, params.run, params.facts, choice)
      end
    end)
  end)
end

local mine = {} ---@type table<string, boolean>

---Whether this editor asked for the run: questions of others' runs do not pop up here.
function M.mine(client, run)
  return mine[client.id .. "." .. run] == true
end

---Handlers for the client's configuration.
function M.handlers()
  return {
    ["samokoder/event"] = event,
    ["samokoder/started"] = function(_, params, context)
      mine[context.client_id .. "." .. params.run] = true
    end,
  }
end

return M
