using System.CommandLine;
using OfflineRL.Cli.Datasets;
using OfflineRL.Cli.Decode;
using OfflineRL.Cli.Environments;
using OfflineRL.Cli.Evaluate;
using OfflineRL.Cli.Hosting;
using OfflineRL.Cli.Ingest;
using OfflineRL.Cli.Loop;
using OfflineRL.Cli.Train;

return ToolHost.Run(
    new RootCommand("""
        Turns logged decisions into better policies: ingest trajectories, train from the stored data alone, evaluate.

        A first round on defaults:
          offlinerl ingest record --name cartpole
          offlinerl train --dataset cartpole --algorithm dqn
          offlinerl evaluate rollout --policy run:cartpole-dqn
        """)
    {
        GlobalOptions.Root,
        DatasetsCommand.Create(),
        IngestCommand.Create(),
        EnvironmentsCommand.Create(),
        TrainCommand.Create(),
        EvaluateCommand.Create(),
        LoopCommand.Create(),
        DecodeCommand.Create(),
    },
    args);
