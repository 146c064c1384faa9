using System.CommandLine;
using OfflineRL.Cli.Hosting;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Cli.Ingest;

/// <summary><c>offlinerl ingest</c>: its jobs, and a plain <c>--config</c> that names one of them.</summary>
static class IngestCommand
{
    public static Command Create()
    {
        var config = GlobalOptions.Config();
        var set = GlobalOptions.Set();
        var command = new Command("ingest", """
            Makes datasets: records an environment under known policies, imports logs, or estimates the propensities of one that has none.

            Examples:
              offlinerl ingest record --name cartpole --steps 50000
              offlinerl ingest import --config ingest/configs/rllib_cartpole_csv.yaml
              offlinerl ingest propensities --dataset logs --policy run:logs-bc
              offlinerl ingest --config ingest/configs/cartpole.yaml
            """)
        {
            config, set, RecordCommand.Create(), ImportCommand.Create(), LogCommand.Create(), CompactCommand.Create(), PropensitiesCommand.Create(), ValidateCommand.Create(),
        };
        command.SetAction(arguments =>
        {
            var path = arguments.GetValue(config);
            var overrides = arguments.GetValue(set) ?? [];
            var workspace = arguments.Workspace();
            return JobFile.JobOf("ingest", path, "record", "import") == "record"
                ? RecordCommand.Run(Config.Load<RecordConfig>(path, overrides), workspace)
                : ImportCommand.Run(Config.Load<ImportConfig>(path, overrides), workspace);
        });
        return command;
    }
}
