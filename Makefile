MODULE_big = elile_optimize
EXTENSION = elile_optimize
DATA = $(sort $(wildcard sql/elile_optimize--*.sql))
SOURCES = $(sort $(filter-out src/exporter/%,$(wildcard src/*.cpp src/*/*.cpp src/*/*/*.cpp)))
OBJS = $(SOURCES:.cpp=.o)
DEPS = $(OBJS:.o=.d)
# The exporter is a program of its own; it shares the core's sources and nothing of the server's.
EXPORTER = elile_optimize_exporter
EXPORTER_SOURCES = $(sort $(wildcard src/exporter/*.cpp src/core/*.cpp src/core/*/*.cpp))
EXPORTER_OBJS = $(EXPORTER_SOURCES:src/%.cpp=build/exporter/%.o)
EXTRA_CLEAN = $(DEPS) $(EXPORTER) build

# pg_regress wants both of its folders in one place.
INSTALLCHECK = build/installcheck
REGRESS = $(sort $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=$(INSTALLCHECK) --encoding=UTF8 --load-extension=$(EXTENSION)
REGRESS_PREP = installcheck-input

# These install what they need themselves, so they must work before PGXS is there. It also has a
# `check` of its own, which only says that it is not supported.
suite_goals = $(addprefix check-,unit regress isolation tap dashboards scripts core)
script_goals = demo check check-assert check-all $(suite_goals) explore coverage fuzz soak check-memory lint format bench dist
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
explore:
	scripts/explore.sh
coverage:
	scripts/coverage.sh
fuzz:
	scripts/fuzz.sh
soak:
	scripts/soak.sh
check-memory:
	scripts/check_memory.sh
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

# Flags of a packager's or a user's, on make's command line or in the environment, of which PGXS takes no notice.
given = $(if $(filter command environment,$(firstword $(origin $1))),$($1))
given_CXX := $(call given,CXX)
given_CXXFLAGS := $(call given,CXXFLAGS)
given_CPPFLAGS := $(call given,CPPFLAGS)
given_LDFLAGS := $(call given,LDFLAGS)

# Bitcode of C++ would be compiled as C++14, and hooks gain nothing from it. PGXS's own dependency
# files are named without their folder, so two sources of one name would share one.
override with_llvm := no
override autodepend := no
include $(PGXS)

override CXX := $(or $(given_CXX),$(CXX))
# Optimising over all files at once takes most of a build: DEV=1 is for who builds often. Clang's needs another linker.
is_gcc := $(findstring Free Software,$(shell $(CXX) --version 2>/dev/null))
WHOLE_PROGRAM := $(if $(DEV),,$(if $(is_gcc),-flto=auto))
# A definition of our own would clash with the compiler's or the packager's.
has_fortify := $(findstring _FORTIFY_SOURCE,$(given_CPPFLAGS) $(given_CXXFLAGS) \
    $(shell $(CXX) -O2 -dM -E -x c++ /dev/null 2>/dev/null))
FORTIFY := $(if $(has_fortify),,-D_FORTIFY_SOURCE=2)
# The folder's name and a random number would make each build another one.
REPRODUCIBLE = '-ffile-prefix-map=$(CURDIR)=.' -frandom-seed=$@
WARNINGS := -Wall -Wextra -Wshadow -Wformat-security $(if $(WERROR),-Werror)
# The server's flags may be of another compiler than this one.
WARNINGS += $(if $(is_gcc),,-Wno-unknown-warning-option -Wno-ignored-optimization-argument)
NEEDED = -std=c++20 $(WARNINGS) $(REPRODUCIBLE) -Isrc

# The server's headers count on the two of -f, and are no subject of our warnings; the core may not even see them.
server_CXXFLAGS := $(filter-out -W% $(given_CXXFLAGS),$(CXXFLAGS))
server_CPPFLAGS := $(filter-out -I. -I./ -D_FORTIFY_SOURCE% $(given_CPPFLAGS),$(CPPFLAGS))
override CPPFLAGS := $(FORTIFY) $(given_CPPFLAGS) $(patsubst -I%,-isystem%,$(server_CPPFLAGS))
override LDFLAGS := $(filter-out $(given_LDFLAGS),$(LDFLAGS)) $(given_LDFLAGS)
override CXXFLAGS = $(server_CXXFLAGS) -O2 $(WHOLE_PROGRAM) $(given_CXXFLAGS) $(NEEDED) \
    $(CFLAGS_SL) -fno-strict-aliasing -fwrapv -fno-plt -fvisibility=hidden
override LINK.shared = $(say)$(CXX) $(CXXFLAGS) -shared
src/core/%.o: override CPPFLAGS := $(filter-out -isystem%,$(CPPFLAGS))

# The core alone may use exceptions; elsewhere ereport's longjmp would skip them.
$(filter-out src/core/%,$(OBJS)): override CXXFLAGS += -fno-exceptions -fno-rtti

EXPORTER_CXXFLAGS = -O2 -g -fstack-protector-strong $(given_CXXFLAGS) $(NEEDED) -fPIE
EXPORTER_LIBS = -lprometheus-cpp-core -lcivetweb -lseccomp -lcrypt -lz -lpthread

# Said when its turn comes, also by make -s.
steps := $(OBJS) $(shlib) $(EXPORTER_OBJS) $(EXPORTER)
$(foreach step,$(steps),$(eval counted += x)$(eval number.$(step) := $(words $(counted))))
say = $(info [$(number.$@) of $(words $(steps))] $(if $(filter %.o,$@),$<,$@))

# Objects have one server's layout in them, so those that were made for another one are made again. A copy of the
# same server elsewhere is no other one.
server := $(shell '$(PG_CONFIG)' --version --configure)
built_for := $(file <build/server)
ifneq ($(built_for),$(server))
$(if $(built_for),$(filter-out src/core/%,$(OBJS))): FORCE
all: build/server
build/server: $(shlib)
	@mkdir -p $(@D)
	$(file >$@,$(server))
endif

build/found-for-%: scripts/find_headers.sh
	@scripts/find_headers.sh $* $(CXX) $(CPPFLAGS) $(NEEDED)
	@mkdir -p $(@D)
	@touch $@

$(OBJS): %.o: %.cpp | build/found-for-library
	$(say)$(CXX) $(CXXFLAGS) $(CPPFLAGS) -MMD -MP -c $< -o $@

$(EXPORTER_OBJS): build/exporter/%.o: src/%.cpp | build/found-for-exporter
	@mkdir -p $(@D)
	$(say)$(CXX) $(EXPORTER_CXXFLAGS) $(FORTIFY) $(given_CPPFLAGS) -MMD -MP -c $< -o $@

$(EXPORTER): $(EXPORTER_OBJS)
	$(say)$(CXX) $(EXPORTER_CXXFLAGS) -pie $^ -Wl,-z,relro,-z,now $(given_LDFLAGS) $(EXPORTER_LIBS) -o $@

all: $(EXPORTER)
install: install-exporter
uninstall: uninstall-exporter

install-exporter: $(EXPORTER) installdirs
	$(INSTALL_PROGRAM) $(EXPORTER) '$(DESTDIR)$(pkglibdir)/'
uninstall-exporter:
	rm -f '$(DESTDIR)$(pkglibdir)/$(EXPORTER)'

installcheck-input:
	@scripts/installcheck.sh '$(bindir)' '$(INSTALLCHECK)'

# A server that runs has the old files open, and others may be opened at any moment.
override INSTALL := scripts/install.sh

.PHONY: install-exporter uninstall-exporter installcheck-input FORCE

-include $(DEPS) $(EXPORTER_OBJS:.o=.d)

endif
