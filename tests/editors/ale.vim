" A real Vim with ALE: diagnostics of the server; the fix from the shell, reloaded.
" vim -Nu NONE -n -es -S ale.vim, with WORK, REPORT, PYTHON and ALE in the environment
set nocompatible hidden noswapfile nomore autoread
let &runtimepath .= ',' . $ALE
let g:ale_linters_explicit = 1
let g:ale_lsp_show_message_severity = 'disabled'

function! Say(text) abort
  call writefile([a:text], $REPORT, 'a')
endfunction

function! Wait(what, expression) abort
  let l:begun = reltime()
  while !eval(a:expression)
    if reltimefloat(reltime(l:begun)) > 40.0
      call Say('FAIL ' . a:what)
      cquit!
    endif
    sleep 20m
  endwhile
  call Say('ok ' . a:what)
endfunction

function! Root(buffer) abort
  return $WORK
endfunction

function! Marks() abort
  let l:found = get(get(g:ale_buffer_info, bufnr(''), {}), 'loclist', [])
  return map(copy(l:found), '[v:val.lnum, v:val.text]')
endfunction

filetype plugin on
runtime plugin/ale.vim
call ale#linter#Define('python', {
\   'name': 'samokoder',
\   'lsp': 'stdio',
\   'executable': $PYTHON,
\   'command': '%e -m samokoder.server.main lsp',
\   'project_root': function('Root'),
\})
let g:ale_linters = {'python': ['samokoder']}

execute 'edit ' . fnameescape($WORK . '/calc.py')
execute 'edit ' . fnameescape($WORK . '/test_calc.py')
call ale#Queue(0)
call Say('open')
call Wait('the failing test is marked', 'len(Marks()) == 1 && Marks()[0][0] == 7')
execute 'buffer' bufnr($WORK . '/calc.py')
let s:fix = shellescape($PYTHON) . ' -m samokoder.server.main fix calc.py --yes'
execute 'silent !' . s:fix . ' >/dev/null 2>&1'
checktime
call Wait('the buffer holds the fix', 'getline(3) ==# "    y = x * 2"')
if &modified
  call Say('FAIL nothing is unsaved')
  cquit!
endif
call Say('DONE')
qall!
