-- What the server is doing. `User SamokoderProgress` fires whenever it changes.
local M = {}

local tasks = {} ---@type table<string|integer, { title: string, message: string?, percentage: integer? }>
local order = {}

---Take one `$/progress` notification.
function M.note(params)
  local token, value = params.token, params.value
  if value.kind == "begin" then
    tasks[token] = { title = value.title, message = value.message, percentage = value.percentage }
    table.insert(order, token)
  elseif value.kind == "report" and tasks[token] then
    tasks[token].message = value.message or tasks[token].message
    tasks[token].percentage = value.percentage
  elseif value.kind == "end" then
    tasks[token] = nil
    order = vim.tbl_filter(function(other)
      return other ~= token
    end, order)
  end
  vim.api.nvim_exec_autocmds("User", { pattern = "SamokoderProgress", modeline = false })
end

---The newest task in a few words, "" when there is none.
function M.text()
  local task = tasks[order[#order]]
  if not task then
    return ""
  end
  local percent = task.percentage and (" %d%%"):format(task.percentage) or ""
  return ("Samokoder: %s%s"):format(task.message or task.title, percent)
end

return M
