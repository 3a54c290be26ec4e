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

# pg_regress wants both of its folders in one place.
INSTALLCHECK = build/installcheck
REGRESS = $(sort $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=$(INSTALLCHECK) --encoding=UTF8 --load-extension=$(EXTENSION)
REGRESS_PREP = installcheck-input

# Optimising over all files at once takes most of a build: DEV=1 is for who builds often.
WHOLE_PROGRAM = $(if $(DEV),,-flto=auto)
PG_CXXFLAGS = -std=c++20 -O2 $(WHOLE_PROGRAM) -fno-plt -Wall -Wextra -Wshadow -Werror -fvisibility=hidden -MMD -MP -Isrc
PG_LDFLAGS = $(WHOLE_PROGRAM) -fno-plt
SHLIB_LINK += -lstdc++

# These install what they need themselves, so they must work before PGXS is there. It also has a
# `check` of its own, which only says that it is not supported.
suite_goals = $(addprefix check-,unit regress isolation tap dashboards scripts core)
script_goals = demo check check-assert check-all $(suite_goals) lint format bench dist
pgxs_goals = all install uninstall installcheck clean

ifneq ($(filter $(script_goals),$(MAKECMDGOALS)),)

$(pgxs_goals):
	$(MAKE) $@

demo:
	scripts/demo.sh
check:
	scripts/check.sh
check-assert:
	scripts/check_assert.sh
check-all:
	scripts/check_all.sh
$(suite_goals): check-%:
	scripts/check.sh $*
lint:
	scripts/lint.sh
format:
	scripts/format.sh
bench:
	bench/run.sh
dist:
	scripts/dist.sh

.PHONY: $(script_goals) $(pgxs_goals)

else

# The script says itself what is missing. An older make shows a command line's variables to no $(shell).
override PG_CONFIG := $(shell PG_CONFIG='$(PG_CONFIG)' scripts/pg_config.sh build)
ifeq ($(PG_CONFIG),)
$(error there is no PostgreSQL to build for)
endif
PGXS := $(shell '$(PG_CONFIG)' --pgxs)

# Bitcode of C++ would be compiled as C++14, and hooks gain nothing from it. PGXS's own dependency
# files are named without their folder, so two sources of one name would share one.
override with_llvm := no
override autodepend := no
include $(PGXS)

# Objects are of one server's headers: those of another one are made anew.
build/server:
	@mkdir -p $(@D)
	@'$(PG_CONFIG)' --version --configure >$@
ifneq ($(shell '$(PG_CONFIG)' --version --configure),$(shell cat build/server 2>/dev/null))
build/server: FORCE
endif
$(OBJS): build/server
.PHONY: FORCE

# The server's headers are no subject of our warnings, and the core may not even see them.
override CPPFLAGS := $(patsubst -I%,-isystem%,$(filter-out -I.,$(CPPFLAGS)))
src/core/%.o: override CPPFLAGS := $(filter-out -isystem%,$(CPPFLAGS))

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

installcheck-input:
	@scripts/installcheck.sh '$(bindir)' '$(INSTALLCHECK)'

.PHONY: install-exporter uninstall-exporter installcheck-input

-include $(DEPS) $(EXPORTER_OBJS:.o=.d)

endif
