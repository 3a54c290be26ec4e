MODULE_big = elile_optimize
EXTENSION = elile_optimize
DATA = $(sort $(wildcard sql/elile_optimize--*.sql))
SOURCES = $(sort $(wildcard src/*.cpp $(patsubst %,src/%/*.cpp,core pg store indexes n_plus_one capture keeper sql_functions)))
OBJS = $(SOURCES:.cpp=.o)
DEPS = $(OBJS:.o=.d)
# The exporter is a program of its own; it shares the core's sources and nothing of the server's.
EXPORTER = elile_optimize_exporter
EXPORTER_SOURCES = $(sort $(wildcard src/exporter/*.cpp src/core/*.cpp))
EXPORTER_OBJS = $(EXPORTER_SOURCES:src/%.cpp=build/exporter/%.o)
EXTRA_CLEAN = $(DEPS) $(EXPORTER) build

# clang would need a linker that reads its own form of objects. The server's flags have warnings that it lacks.
IS_CLANG = $(findstring clang,$(CXX))
CLANG_CXXFLAGS = $(if $(IS_CLANG),-Wno-unknown-warning-option -Wno-ignored-optimization-argument)

# Optimising over all files at once takes most of a build: DEV=1 is for who builds often.
WHOLE_PROGRAM = $(if $(DEV)$(IS_CLANG),,-flto=auto)
PG_CXXFLAGS = -std=c++20 -O2 $(WHOLE_PROGRAM) -fno-plt -Wall -Wextra -Wshadow -Werror -fvisibility=hidden -MMD -MP -Isrc \
    $(CLANG_CXXFLAGS)
PG_LDFLAGS = $(WHOLE_PROGRAM) -fno-plt
SHLIB_LINK += -lstdc++

# Debian's pg_config means the newest server there is; this project's home is 15.
PG_CONFIG ?= $(or $(wildcard /usr/lib/postgresql/15/bin/pg_config),pg_config)

# These install what they need themselves, so they must work before PGXS is there. It also has a
# `check` of its own, which only says that it is not supported.
suite_goals = $(addprefix check-,unit regress isolation tap dashboards scripts core)
script_goals = demo check check-assert $(suite_goals) lint format bench
pgxs_goals = all install uninstall clean

ifneq ($(filter $(script_goals),$(MAKECMDGOALS)),)

$(pgxs_goals):
	$(MAKE) $@

demo:
	scripts/demo.sh
check:
	scripts/check.sh
check-assert:
	scripts/check_assert.sh
$(suite_goals): check-%:
	scripts/check.sh $*
lint:
	scripts/lint.sh
format:
	scripts/format.sh
bench:
	bench/run.sh

.PHONY: $(script_goals) $(pgxs_goals)

else

PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
ifeq ($(PGXS),)
$(error $(PG_CONFIG) knows no PostgreSQL server to build for: run scripts/setup.sh, or set PG_CONFIG)
endif

# Bitcode of C++ would be compiled as C++14, and hooks gain nothing from it. PGXS's own dependency
# files are named without their folder, so two sources of one name would share one.
override with_llvm := no
override autodepend := no
include $(PGXS)

# The server's headers are no subject of our warnings, and the core may not even see them.
override CPPFLAGS := $(patsubst -I%,-isystem%,$(filter-out -I.,$(CPPFLAGS)))
src/core/%.o: override CPPFLAGS := $(filter-out -isystem%,$(CPPFLAGS))

# Objects of one compiler's version are not always another one's to link.
$(MODULE_big).so: override CC := $(CXX)

# The core alone may use exceptions; elsewhere ereport's longjmp would skip them.
$(filter-out src/core/%,$(OBJS)): override CXXFLAGS += -fno-exceptions -fno-rtti

EXPORTER_CXXFLAGS = -std=c++20 -O2 -g -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2 \
    -Wall -Wextra -Wshadow -Werror -MMD -MP -Isrc
EXPORTER_LIBS = -lprometheus-cpp-core -lcivetweb -lseccomp -lcrypt -lpthread

build/exporter/%.o: src/%.cpp
	@mkdir -p $(@D)
	$(CXX) $(EXPORTER_CXXFLAGS) -c $< -o $@

$(EXPORTER): $(EXPORTER_OBJS)
	$(CXX) -pie -Wl,-z,relro,-z,now $^ $(EXPORTER_LIBS) -o $@

all: $(EXPORTER)
install: install-exporter
uninstall: uninstall-exporter

install-exporter: $(EXPORTER) installdirs
	$(INSTALL_PROGRAM) $(EXPORTER) '$(DESTDIR)$(pkglibdir)/'
uninstall-exporter:
	rm -f '$(DESTDIR)$(pkglibdir)/$(EXPORTER)'

.PHONY: install-exporter uninstall-exporter

-include $(DEPS) $(EXPORTER_OBJS:.o=.d)

endif
