# What a person types. Each command brings what it needs by itself.
# VAR holds all state, pip's cache too.
PORT ?= 8000
VAR ?= var
export PORT VAR

# The first Python that can make a venv, or ours if it is there; then gxweb/bootstrap.py takes over:
# it brings .venv to what a lock says and becomes the command (so signals reach that).
define BOOTSTRAP
new() { "$$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }; \
can() { "$$1" -c "import $$2" 2>/dev/null; }; \
python=; bare=; \
for it in .venv/bin/python python3.13 python3.12 python3.11 python3; do \
  new "$$it" || continue; \
  case $$it in \
    .venv/*) can "$$it" pip && { python=$$it; break; };; \
    *) can "$$it" 'ensurepip, venv' && { python=$$it; break; }; bare=$$it;; \
  esac; \
done; \
if [ -z "$$python" ] && [ -n "$$bare" ]; then \
  echo "gxweb: $$bare has no venv module (Debian: apt-get install $$bare-venv)" >&2; exit 1; \
elif [ -z "$$python" ]; then \
  echo "gxweb: Python 3.11 or newer is needed; none is on the PATH" >&2; exit 1; \
fi; \
exec "$$python" gxweb/bootstrap.py
endef
DEV = $(BOOTSTRAP) requirements-dev.lock .venv/bin/python

.PHONY: up test test-postgres check bench chaos

up:
	@$(BOOTSTRAP) requirements.lock .venv/bin/python manage.py up

test:
	@$(DEV) -m tests.suite

test-postgres:
	@$(DEV) -m tests.suite postgres

check:
	@$(DEV) -m tests.gate

bench:
	@$(DEV) -m tests.bench

# SEED and KILLS are read by the tests.
chaos:
	@$(DEV) -m pytest -m chaos tests/chaos -s
