# Every target does the set-up it needs. CONFIG= names a config file, ARGS= adds arguments.
CONFIGURATION ?= Release
TOOL := .artifacts/tool/offlinerl
SOURCES := $(shell find datasets ingest train evaluate cli -name '*.cs' -o -name '*.csproj' -o -name '*.yaml' -o -name '*.py' -o -name '*.mjs') \
  Directory.Build.props Directory.Packages.props global.json .editorconfig
.DEFAULT_GOAL := build

.PHONY: help setup setup-mujoco build portable test format bench ingest train evaluate demo clean

help:                 ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 23

setup:                ## libtorch, DuckDB, the native shim, plots
	@./.ci/setup.sh

setup-mujoco:         ## MuJoCo for Hopper, HalfCheetah and Walker2d
	@./.ci/setup-mujoco.sh

build: setup $(TOOL)  ## the tool, at .artifacts/tool/offlinerl

$(TOOL): $(SOURCES)
	@./.ci/publish.sh $(CONFIGURATION)
	@ln -sfn ../native/libduckdb.so .artifacts/tool/libduckdb.so
	@ln -sfn ../native/libofflinerl_torch.so .artifacts/tool/libofflinerl_torch.so
	@ln -sfn ../native/vega.js .artifacts/tool/vega.js
	@touch $@

# Only the framework is trimmed: our own assemblies stay whole, so that configs and manifests bind by reflection as ever.
portable: setup       ## .artifacts/portable: the tool with its own .NET, for machines without the SDK
	@dotnet publish cli/OfflineRL.Cli.csproj -c $(CONFIGURATION) -r linux-x64 --self-contained -p:PublishTrimmed=true \
	  -p:TrimMode=partial -p:SuppressTrimAnalysisWarnings=true -o .artifacts/portable --nologo -v quiet

test: build           ## every test; ARGS= goes to xunit's runner
	@./.ci/test.sh $(ARGS)

format:               ## whitespace, style and analyzers, rewritten in place
	@dotnet format OfflineRL.sln $(ARGS)

bench: build          ## every benchmark, as ratios; ARGS=NAME for one
	@dotnet run -c Release --project tests/Benchmarks/OfflineRL.Benchmarks.csproj -- $(ARGS)

ingest: build         ## CONFIG=FILE: record or import a dataset
	@$(TOOL) ingest $(if $(CONFIG),--config $(CONFIG)) $(ARGS)

train: build          ## CONFIG=FILE: train from a dataset
	@$(TOOL) train $(if $(CONFIG),--config $(CONFIG)) $(ARGS)

evaluate: build       ## CONFIG=FILE: score a run
	@$(TOOL) evaluate $(if $(CONFIG),--config $(CONFIG)) $(ARGS)

demo: build           ## record, train, evaluate on defaults
	@./.ci/demo.sh

clean:                ## what was built; datasets, runs and reports stay
	@rm -rf .artifacts
