using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Finds the columns of a log.</summary>
static class LogColumns
{
    /// <summary>Opens a folder of compiled columns as it is; compiles a dataset where that was not done yet.</summary>
    /// <exception cref="UserErrorException">There is no such dataset.</exception>
    public static TrainingColumns Open(Workspace workspace, string nameOrPath, IJobProgress progress) =>
        File.Exists(Path.Combine(nameOrPath, "columns.json"))
            ? TrainingColumns.Open(nameOrPath)
            : Dataset.Open(workspace, nameOrPath).Compile(progress);
}
