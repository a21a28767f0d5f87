;;; samokoder.el --- Fix, review and generate code with proof  -*- lexical-binding: t -*-

;; Package-Requires: ((emacs "28.1") (eglot "1.9"))

;;; Commentary:

;; `M-x samokoder' runs any command the server offers; the others are shortcuts.  Works with Eglot
;; and with lsp-mode, whichever serves the buffer.  Questions of the server come in the minibuffer.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)

(declare-function eglot-current-server "eglot")
(declare-function eglot--capabilities "eglot")
(declare-function eglot-server-capable "eglot")
(declare-function jsonrpc-async-request "jsonrpc")
(declare-function jsonrpc-notify "jsonrpc")
(declare-function lsp-workspaces "lsp-mode")
(declare-function lsp-request-async "lsp-mode")
(declare-function lsp-notify "lsp-mode")
(declare-function lsp--server-capabilities "lsp-mode")
(declare-function url-path-allowed-chars "url-util")

(defgroup samokoder nil "Coding agents behind the editor." :group 'tools)

(defcustom samokoder-program '("samokoder" "lsp")
  "The command line of the language server."
  :type '(repeat string))

(defcustom samokoder-modes '(python-mode python-ts-mode)
  "Major modes for which `samokoder-register' registers the server with Eglot."
  :type '(repeat symbol))

(defvar samokoder--cancel nil "Cancels the newest command.")
(defvar samokoder--count 0 "Commands sent so far.")

;;;###autoload
(defun samokoder-register ()
  "Let Eglot serve `samokoder-modes' with Samokoder."
  (defvar eglot-server-programs)
  (with-eval-after-load 'eglot
    (dolist (mode samokoder-modes)
      (add-to-list 'eglot-server-programs (cons mode samokoder-program)))))

(defun samokoder--eglot ()
  "The Eglot server of this buffer."
  (and (fboundp 'eglot-current-server) (eglot-current-server)))

(defun samokoder--lsp-mode-p ()
  "Whether lsp-mode serves this buffer."
  (and (fboundp 'lsp-workspaces) (bound-and-true-p lsp-mode) (lsp-workspaces)))

(defun samokoder-offered ()
  "The names of the commands the server offers."
  (cond
   ((samokoder--eglot)
    (append (plist-get (if (fboundp 'eglot-server-capable)
                           (eglot-server-capable :executeCommandProvider)
                         (plist-get (eglot--capabilities (samokoder--eglot))
                                    :executeCommandProvider))
                       :commands)
            nil))
   ((samokoder--lsp-mode-p)
    (let ((offer (gethash "executeCommandProvider" (lsp--server-capabilities))))
      (append (if (hash-table-p offer) (gethash "commands" offer) (plist-get offer :commands))
              nil)))
   (t (user-error "Samokoder does not serve this buffer"))))

(defun samokoder-execute (command &optional arguments done failed)
  "Run COMMAND of the server with the plist ARGUMENTS.
DONE is called with the result, FAILED with the error; both are told in the echo area without
them.  The run goes on when Emacs is closed; `samokoder-cancel' ends it."
  (let* ((token (format "samokoder-%d" (cl-incf samokoder--count)))
         (params (list :command command
                       :arguments (if arguments (vector arguments) [])
                       :workDoneToken token))
         (done (or done (lambda (result) (samokoder-show command result))))
         (failed (or failed (lambda (error) (message "%s" (samokoder--words error)))))
         (server (samokoder--eglot)))
    (cond
     (server
      (jsonrpc-async-request server :workspace/executeCommand params
                             :success-fn done :error-fn failed :timeout nil)
      (setq samokoder--cancel
            (lambda ()
              (jsonrpc-notify server :window/workDoneProgress/cancel (list :token token)))))
     ((samokoder--lsp-mode-p)
      (lsp-request-async "workspace/executeCommand" params done
                         :error-handler failed :mode 'detached)
      (setq samokoder--cancel
            (lambda () (lsp-notify "window/workDoneProgress/cancel" (list :token token)))))
     (t (user-error "Samokoder does not serve this buffer")))))

(defun samokoder--get (result key)
  "Member KEY (a keyword) of RESULT, a plist or a hash table."
  (if (hash-table-p result)
      (gethash (substring (symbol-name key) 1) result)
    (plist-get result key)))

(defun samokoder--words (error)
  "The message of ERROR."
  (or (samokoder--get error :message) (format "%S" error)))

(defun samokoder-show (command result)
  "Tell what COMMAND brought: RESULT."
  (let* ((keyed (or (hash-table-p result) (keywordp (car-safe result))))
         (diff (and keyed (samokoder--get result :diff)))
         (run (and keyed (samokoder--get result :run)))
         (words (and keyed (samokoder--get result :message))))
    (cond
     ((and (stringp diff) (not (string-empty-p diff)))
      (with-current-buffer (get-buffer-create "*samokoder*")
        (let ((inhibit-read-only t))
          (erase-buffer)
          (insert diff)
          (diff-mode)
          (read-only-mode 1))
        (display-buffer (current-buffer))))
     ((stringp words) (message "%s" words))
     (run (message "%s: %s" (samokoder--get run :title) (samokoder--get run :state)))
     (t (message "%s is done" command)))))

(defun samokoder--uri ()
  "The address of the file in this buffer."
  (unless buffer-file-name (user-error "This buffer has no file"))
  (concat "file://" (url-hexify-string (file-truename buffer-file-name) url-path-allowed-chars)))

;;;###autoload
(defun samokoder (command)
  "Run COMMAND, any that the server offers, without arguments."
  (interactive (list (completing-read "Samokoder: " (samokoder-offered) nil t)))
  (samokoder-execute command))

;;;###autoload
(defun samokoder-fix (&optional everything)
  "Fix this file, with proof; with a prefix argument, EVERYTHING until the checks are green."
  (interactive "P")
  (samokoder-execute "samokoder.fix" (if everything '(:all t) (list :uri (samokoder--uri)))))

;;;###autoload
(defun samokoder-check ()
  "Run the project's checks; what fails is marked."
  (interactive)
  (samokoder-execute "samokoder.check"))

;;;###autoload
(defun samokoder-review ()
  "Review the selection, or this file; findings are marked."
  (interactive)
  (samokoder-execute
   "samokoder.review"
   (append (list :uri (samokoder--uri))
           (when (use-region-p)
             (list :line (line-number-at-pos (region-beginning))
                   :end_line (line-number-at-pos (region-end)))))))

;;;###autoload
(defun samokoder-generate (brief)
  "Make what BRIEF says: a plan to approve, then tested files."
  (interactive "sWhat shall be made? ")
  (samokoder-execute "samokoder.generate" (list :brief brief)))

;;;###autoload
(defun samokoder-undo (&optional run)
  "Undo RUN, or the newest one; later edits stay."
  (interactive)
  (samokoder-execute "samokoder.run.undo" (and run (list :run run))))

;;;###autoload
(defun samokoder-answer (run answer)
  "Answer the open question of RUN with ANSWER."
  (interactive "sRun (empty: the newest): \nsAnswer (empty: the default): ")
  (samokoder-execute "samokoder.run.answer" (list :run run :answer answer)))

;;;###autoload
(defun samokoder-cancel ()
  "Cancel the newest command and its run."
  (interactive)
  (if samokoder--cancel
      (progn (funcall samokoder--cancel) (setq samokoder--cancel nil))
    (message "Nothing is under way")))

(provide 'samokoder)
;;; samokoder.el ends here
