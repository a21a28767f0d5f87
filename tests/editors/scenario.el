;;; Plays the scenario in a real Emacs with Eglot, through docs/editors/emacs/samokoder.el.
;;; emacs -Q --batch -l scenario.el PAGES WORKSPACE PYTHON BRIEF  -*- lexical-binding: t -*-

(setq native-comp-enable-subr-trampolines nil)
(set-language-environment "UTF-8")
(pcase-let ((`(,pages ,workspace ,python ,brief) command-line-args-left))
  (defvar ws (file-name-as-directory (file-truename workspace)))
  (defvar py python)
  (defvar brief-of-it brief)
  (setq command-line-args-left nil)
  (add-to-list 'load-path (expand-file-name "emacs" pages)))
(when (< emacs-major-version 29)
  (dolist (folder (directory-files "/usr/share/emacs/site-lisp/elpa" t "^[a-z]"))
    (add-to-list 'load-path folder)))
(require 'eglot)
(require 'flymake)
(require 'json)
(require 'python)
(require 'samokoder)

(defun say (format &rest more) (princ (concat (apply #'format format more) "\n")))

(defun check (what ok &optional more)
  (say "%s %s%s" (if ok "ok" "FAIL") what (if ok "" (format " %S" more)))
  (unless ok (kill-emacs 1)))

(defun settle ()
  "What an idle Emacs does by itself and a batch one does not: send changes, show diagnostics."
  (accept-process-output nil 0.02)
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (bound-and-true-p eglot--managed-mode)
        (eglot--signal-textDocument/didChange)))))

(defun wait (what condition)
  (let ((end (+ (float-time) 30)) ok)
    (while (and (not (setq ok (funcall condition))) (< (float-time) end)) (settle))
    (check what ok)))

(setq eglot-autoshutdown nil eglot-sync-connect 20
      eglot-confirm-server-initiated-edits nil eglot-confirm-server-edits nil
      make-backup-files nil create-lockfiles nil auto-save-default nil
      vc-handled-backends nil python-indent-guess-indent-offset nil)
(defvar asked nil)
(fset 'completing-read
      (lambda (prompt choices &rest _)
        (push prompt asked)
        (car (all-completions "" choices))))
(cl-defmethod project-root ((project (head the-workspace))) (cdr project))
(setq project-find-functions (list (lambda (_) (cons 'the-workspace ws))))
(setq samokoder-program (list py "-m" "samokoder.server.main" "lsp"))
(samokoder-register)

(defun open (name)
  (find-file-noselect (concat ws name)))

(defvar calc (open "calc.py"))
(defvar slow (open "slow.py"))
(defvar mixed (open "mixed.py"))
(defvar web (open "web.py"))
(defvar test (open "test_calc.py"))

(defun connect ()
  (with-current-buffer calc
    (apply #'eglot--connect (eglot--guess-contact)))
  (dolist (buffer (list calc slow mixed web test))
    (with-current-buffer buffer
      (eglot--maybe-activate-editing-mode)
      (check "managed" (and (eglot-current-server) eglot--managed-mode)))))
(connect)
(say "emacs %s" emacs-version)
(with-current-buffer calc
  (check "commands are offered" (member "samokoder.run.undo" (samokoder-offered))))

(defun command (name &optional arguments)
  (let (answer)
    (with-current-buffer calc
      (samokoder-execute name arguments
                         (lambda (result) (setq answer (list 'done result)))
                         (lambda (error) (setq answer (list 'failed error)))))
    (wait name (lambda () answer))
    (check (concat name " works") (eq (car answer) 'done) answer)
    (cadr answer)))

(defun unit (name) (format "%s -m unittest -q test_%s" py name))

(defun uri (buffer) (with-current-buffer buffer (samokoder--uri)))

(defun line (buffer number)
  (with-current-buffer buffer
    (save-excursion
      (goto-char (point-min))
      (forward-line (1- number))
      (buffer-substring-no-properties (line-beginning-position) (line-end-position)))))

(defun save-all ()
  (dolist (buffer (list calc slow mixed web test))
    (with-current-buffer buffer
      (when (buffer-modified-p) (let ((inhibit-message t)) (save-buffer))))))

(defun marks (buffer)
  (with-current-buffer buffer
    (flymake-start)
    (mapcar (lambda (found) (line-number-at-pos (flymake-diagnostic-beg found)))
            (flymake-diagnostics))))

(defun newest () (aref (command "samokoder.run.list" '(:limit 1)) 0))

(defun state (run)
  (plist-get (plist-get (command "samokoder.run.show" (list :run run)) :summary) :state))

(command "samokoder.trust")
(let ((found (command "samokoder.check" (list :check (unit "calc")))))
  (check "the check fails" (not (eq (plist-get found :ok) t)) found))
(wait "the failing test is marked" (lambda () (equal (marks test) '(7))))
(say "PLAYED check")

(defvar fixed
  (let ((result (command "samokoder.fix" (list :uri (uri calc) :check (unit "calc")))))
    (check "it is applied" (eq (plist-get result :applied) t) result)
    (plist-get (plist-get result :run) :id)))
(check "the buffer holds the fix" (equal (line calc 3) "    y = x * 2  # 🎉 é, so") (line calc 3))
(check "nothing is saved behind the editor's back" (buffer-modified-p calc))
(save-all)
(say "PLAYED fix")

(when (member "samokoder.review" (with-current-buffer calc (samokoder-offered)))
  (let* ((result (command "samokoder.review" (list :uri (uri web) :no_model t)))
         (findings (plist-get result :findings)))
    (check "a finding" (= (length findings) 1) result)
    (wait "the finding is marked"
          (lambda () (member (plist-get (aref findings 0) :line) (marks web)))))
  (say "PLAYED review"))

(when (member "samokoder.generate" (with-current-buffer calc (samokoder-offered)))
  (let ((made (command "samokoder.generate"
                       (list :brief brief-of-it :check (unit "quarter")))))
    (check "the plan is done" (eq (plist-get made :complete) t) made)
    (check "the plan was approved here" (= (length asked) 1) asked))
  (say "PLAYED generate"))

(defvar cancelled nil)
(with-current-buffer slow
  (samokoder-execute "samokoder.fix" (list :uri (uri slow) :check (unit "slow"))
                     #'ignore (lambda (error) (setq cancelled error))))
(let ((calls (expand-file-name "../calls.jsonl" ws)))
  (wait "the model is being asked"
        (lambda ()
          (with-temp-buffer
            (insert-file-contents calls)
            (goto-char (point-max))
            (forward-line -1)
            (search-forward "\"event\":\"asked\"" nil t)))))
(samokoder-cancel)
(wait "the cancelled command is answered" (lambda () cancelled))
(check "by the code for it" (equal (plist-get cancelled :code) -32800) cancelled)
(check "the run is cancelled" (equal (plist-get (newest) :state) "cancelled"))
(check "nothing has changed" (not (buffer-modified-p slow)))
(say "PLAYED cancel")

(with-current-buffer calc (samokoder-undo fixed))
(wait "the buffer is as before" (lambda () (equal (line calc 3) "    y = x ** 3  # 🎉 é, so")))
(wait "the run is undone" (lambda () (equal (state fixed) "undone")))
(save-all)
(say "PLAYED undo")

(defvar run
  (plist-get (plist-get (command "samokoder.fix" (list :uri (uri mixed) :check (unit "mixed")
                                                       :wait :json-false))
                        :run)
             :id))
(defun stop ()
  (let* ((server (with-current-buffer calc (eglot-current-server)))
         (process (jsonrpc--process server)))
    (check "every request was answered"
           (= 0 (if (fboundp 'jsonrpc-continuation-count)
                    (jsonrpc-continuation-count server)
                  (hash-table-count (jsonrpc--request-continuations server)))))
    (with-current-buffer calc (eglot-shutdown server))
    (wait "the server let go" (lambda () (not (process-live-p process))))
    ;; Emacs kills what is not gone 100 ms after `exit'; on a busy machine that is anybody
    (check "in good order" (member (process-exit-status process) '(0 9))
           (process-exit-status process))))
(stop)
(wait "the run waits for an editor"
      (lambda ()
        (with-temp-buffer
          (call-process py nil '(t nil) nil "-m" "samokoder.server.main" "run" "show" run "--json")
          (goto-char (point-min))
          (let ((view (json-parse-buffer :object-type 'plist)))
            (equal (plist-get (plist-get view :summary) :state) "waiting")))))
(connect)
(wait "the fix arrives" (lambda () (equal (line mixed 5) "    return x / 3  # 🎉")))
(wait "the run is over" (lambda () (equal (state run) "succeeded")))
(save-all)
(say "PLAYED reattach")

(dolist (buffer (list calc slow mixed web test))
  (check "nothing is left unsaved" (not (buffer-modified-p buffer))))
(stop)
(say "DONE")
