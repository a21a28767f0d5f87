;;; A real Emacs with lsp-mode, through docs/editors/emacs/samokoder.el: check, fix, undo, cancel.
;;; emacs -Q --batch -l lsp_mode.el PAGES WORKSPACE PYTHON  -*- lexical-binding: t -*-

(setq native-comp-enable-subr-trampolines nil)
(set-language-environment "UTF-8")
(defvar ws (file-name-as-directory (file-truename (nth 1 command-line-args-left))))
(defvar py (nth 2 command-line-args-left))
(add-to-list 'load-path (expand-file-name "emacs" (nth 0 command-line-args-left)))
(setq command-line-args-left nil)
(dolist (folder (directory-files "/usr/share/emacs/site-lisp/elpa" t "^[a-z]"))
  (add-to-list 'load-path folder))
(setq user-emacs-directory (expand-file-name "../emacs/" ws)
      lsp-session-file (expand-file-name "../lsp-session" ws))
(require 'python)
(require 'lsp-mode)
(require 'samokoder)

(defun say (format &rest more) (princ (concat (apply #'format format more) "\n")))
(defun check (what ok &optional more)
  (say "%s %s%s" (if ok "ok" "FAIL") what (if ok "" (format " %S" more)))
  (unless ok (kill-emacs 1)))
(defun wait (what condition)
  (let ((end (+ (float-time) 40)) ok)
    (while (and (not (setq ok (funcall condition))) (< (float-time) end))
      (accept-process-output nil 0.02)
      (when (fboundp 'lsp--after-change) (ignore-errors (lsp--on-idle (current-buffer)))))
    (check what ok)))

(setq lsp-enable-file-watchers nil lsp-auto-guess-root t lsp-enable-snippet nil
      lsp-restart 'ignore lsp-diagnostics-provider :none lsp-keep-workspace-alive nil
      make-backup-files nil create-lockfiles nil python-indent-guess-indent-offset nil
      samokoder-program (list py "-m" "samokoder.server.main" "lsp"))
(lsp-workspace-folders-add ws)
(lsp-register-client
 (make-lsp-client :new-connection (lsp-stdio-connection samokoder-program)
                  :activation-fn (lsp-activate-on "python")
                  :server-id 'samokoder))

(find-file (concat ws "calc.py"))
(lsp)
(wait "attached" (lambda () (lsp-workspaces)))
(wait "commands are offered"
      (lambda () (ignore-errors (member "samokoder.run.undo" (samokoder-offered)))))

(defun command (name &optional arguments)
  (let (answer)
    (samokoder-execute name arguments
                       (lambda (result) (setq answer (list 'done result)))
                       (lambda (error) (setq answer (list 'failed error))))
    (wait name (lambda () answer))
    (check (concat name " works") (eq (car answer) 'done) answer)
    (cadr answer)))
(defun third () (save-excursion (goto-char (point-min)) (forward-line 2)
                                (buffer-substring (line-beginning-position)
                                                  (line-end-position))))

(command "samokoder.trust")
(let ((found (command "samokoder.check")))
  (check "the check fails" (memq (samokoder--get found :ok) '(nil :json-false)) found))
(let ((fixed (command "samokoder.fix" (list :uri (samokoder--uri)))))
  (check "it is applied" (eq (samokoder--get fixed :applied) t) fixed)
  (check "the buffer holds the fix" (equal (third) "    y = x * 2") (third))
  (save-buffer)
  (command "samokoder.run.undo"
           (list :run (samokoder--get (samokoder--get fixed :run) :id))))
(check "the buffer is as before" (equal (third) "    y = x ** 3") (third))
(save-buffer)
(defvar cancelled nil)
(samokoder-execute "samokoder.fix" nil #'ignore (lambda (error) (setq cancelled error)))
(samokoder-cancel)
(wait "the cancelled command is answered" (lambda () cancelled))
(check "by the code for it" (equal (samokoder--get cancelled :code) -32800) cancelled)
(check "nothing has changed" (not (buffer-modified-p)))
(lsp-workspace-shutdown (car (lsp-workspaces)))
(wait "the server let go" (lambda () (null (lsp-workspaces))))
(say "DONE")
