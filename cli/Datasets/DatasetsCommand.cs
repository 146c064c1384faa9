using System.CommandLine;

namespace OfflineRL.Cli.Datasets;

/// <summary><c>offlinerl datasets</c>: what is stored, whether it holds, other splits of it, and several in one.</summary>
static class DatasetsCommand
{
    public static Command Create() => new("datasets", """
        Lists, shows, checks, splits, merges and exports datasets.

        NAME is the newest version of a dataset, NAME-vN a certain one; a path of a dataset's folder does as well.

        Examples:
          offlinerl datasets list
          offlinerl datasets show cartpole
          offlinerl datasets check cartpole-v2
          offlinerl datasets split cartpole --parts train=0.8,val=0.1,test=0.1
          offlinerl datasets export cartpole --format minari-hdf5 --out cartpole-minari
        """)
    {
        ListCommand.Create(),
        ShowCommand.Create(),
        CheckCommand.Create(),
        SplitCommand.Create(),
        MergeCommand.Create(),
        ExportCommand.Create(),
    };
}
