using System.Text;
using OfflineRL.Datasets;

namespace OfflineRL.Cli.Loop;

/// <summary><c>loop.yaml</c> in a run's folder, beside the trainer's own config: what the loop was started with.</summary>
static class LoopFolder
{
    /// <summary>Checks that a loop of the name was started with the same config; there may be none.</summary>
    /// <exception cref="UserErrorException">It was another; the message names the line.</exception>
    public static void RequireSame(Workspace workspace, LoopConfig config)
    {
        var path = PathOf(workspace, config);
        if (!File.Exists(path))
            return;
        var (before, now) = (File.ReadAllLines(path), Text(config).Split('\n'));
        var (old, line) = before.Zip(now).FirstOrDefault(pair => pair.First != pair.Second);
        if (old is not null)
            throw new UserErrorException($"{path} was written with '{old.Trim()}'; now it is '{line!.Trim()}'. Run the same command as before to go on, or start another loop with --name.");
    }

    /// <summary>Writes it into the run's folder, which is there.</summary>
    public static void Save(Workspace workspace, LoopConfig config)
    {
        var path = PathOf(workspace, config);
        if (File.Exists(path))
            return;
        using var file = PendingFile.Create(path);
        file.Stream.Write(Encoding.UTF8.GetBytes(Text(config)));
        file.Commit();
    }

    static string PathOf(Workspace workspace, LoopConfig config) => Path.Combine(workspace.RunsFolder, config.Name, "loop.yaml");

    // Which seeds are asked for does not count, nor what is told of them.
    static string Text(LoopConfig config) => Config.ToYaml(config with { Seeds = [], Threshold = null });
}
