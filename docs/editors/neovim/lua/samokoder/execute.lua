-- Sending commands to the server, in the ways of Neovim 0.10 and of 0.11.
local M = {}

local newer = vim.fn.has("nvim-0.11") == 1
local latest ---@type { client: vim.lsp.Client, id: integer }?

---The client of this buffer, or any.
function M.client(buffer)
  local here = vim.lsp.get_clients({ name = "samokoder", bufnr = buffer or 0 })[1]
  return here or vim.lsp.get_clients({ name = "samokoder" })[1]
end

local function request(client, method, params, handler)
  if newer then
    return client:request(method, params, handler)
  end
  return client.request(method, params, handler)
end

---Run a command. `done(error, result)` is called once, `error` nil when it worked.
---@return integer? id of the request
function M.command(name, arguments, done)
  local client = M.client()
  if not client then
    done({ message = "Samokoder is not attached here" }, nil)
    return nil
  end
  local empty = arguments == nil or vim.tbl_isempty(arguments)
  local params = { command = name, arguments = { empty and vim.empty_dict() or arguments } }
  local ok, id = request(client, "workspace/executeCommand", params, function(error, result)
    if latest and latest.command == name then
      latest = nil
    end
    done(error, result)
  end)
  if ok then
    latest = { client = client, id = id, command = name }
    return id
  end
  done({ message = "Samokoder does not answer" }, nil)
  return nil
end

---Cancel the newest command; its run is cancelled with it.
function M.cancel()
  if not latest then
    return false
  end
  if newer then
    latest.client:cancel_request(latest.id)
  else
    latest.client.cancel_request(latest.id)
  end
  latest = nil
  return true
end

return M
