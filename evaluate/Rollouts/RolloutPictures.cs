using System.Globalization;
using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Evaluate;

/// <summary>Draws the first episode of each policy's last snapshot on each task: a strip and an animation in the report's folder.</summary>
static class RolloutPictures
{
    /// <summary>Where the pictures lie in a report.</summary>
    public const string Folder = "pictures";

    // An animation of more frames is shown every so many steps instead; an episode of more steps is left off.
    const int StripFrames = 8, MostFrames = 250, MostSteps = 1000, Rate = 30;

    /// <summary>Refuses tasks of which none can be drawn, before any work.</summary>
    public static void Require(IReadOnlyList<RolloutTask> tasks)
    {
        if (!tasks.Any(CanDraw))
            throw EvaluateThrow.NothingToDraw(tasks.Select(t => t.Name));
    }

    /// <summary>Draws; the rows say what lies where. Tasks that cannot be drawn have none.</summary>
    /// <param name="config">With the seed of the rollout.</param>
    /// <param name="policies">Of which the last snapshots are drawn.</param>
    /// <param name="tasks">What they are scored on.</param>
    /// <param name="report">The report's folder.</param>
    /// <param name="progress">Told of pictures.</param>
    /// <param name="cancellation">Looked at after every step.</param>
    public static IReadOnlyList<PictureRow> Draw(RolloutConfig config, IReadOnlyList<PolicyCandidate> policies, IReadOnlyList<RolloutTask> tasks, string report, IJobProgress progress, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.Combine(report, Folder));
        var pairs = policies.Where(p => p.IsLast).SelectMany(p => tasks.Where(CanDraw).Select(t => (Policy: p, Task: t))).ToList();
        var rows = new List<PictureRow>();
        foreach (var (policy, task) in pairs)
        {
            rows.Add(Draw(config, policy, task, report, string.Create(CultureInfo.InvariantCulture, $"{Folder}/{rows.Count + 1:000}"), cancellation));
            progress.Report("drawing", rows.Count, pairs.Count);
        }

        return rows;
    }

    static PictureRow Draw(RolloutConfig config, PolicyCandidate candidate, RolloutTask task, string report, string name, CancellationToken cancellation)
    {
        using var episode = Open(config, candidate, task);
        var (strip, animation) = ($"{name}.png", $"{name}.gif");
        var drawn = EpisodePictures.Strip(episode, Path.Combine(report, strip), replace: false, StripFrames, MostSteps, Visit);
        var every = Math.Max(1, (drawn.Steps + MostFrames - 1) / MostFrames);
        EpisodePictures.Animation(episode, Path.Combine(report, animation), replace: false, every, Rate, MostSteps, Visit);
        return new PictureRow
        {
            Algorithm = candidate.Algorithm,
            Policy = candidate.Policy,
            Seed = candidate.Seed,
            Step = candidate.Step,
            Task = task.Name,
            Episode = 0,
            Steps = drawn.Steps,
            Return = drawn.Return,
            Strip = strip,
            Animation = animation,
        };

        void Visit(string stage, int done, int total) => cancellation.ThrowIfCancellationRequested();
    }

    // From the very stream that the rollout's first episode had: what is drawn is a row of the table.
    static RolledOutEpisode Open(RolloutConfig config, PolicyCandidate candidate, RolloutTask task)
    {
        var id = task.Identity.ToString();
        var environment = EnvironmentRegistry.Make(id, 1, rendered: true);
        IPolicy? policy = null;
        try
        {
            policy = candidate.Load();
            return new RolledOutEpisode(environment, EnvironmentRegistry.Definition(id), policy, () => RolloutBatch.StreamOf(config.Seed, task, 0), "episode 0");
        }
        catch
        {
            environment.Dispose();
            (policy as IDisposable)?.Dispose();
            throw;
        }
    }

    static bool CanDraw(RolloutTask task)
    {
        var id = task.Identity.ToString();
        var definition = EnvironmentRegistry.Definition(id);
        if (EnvironmentPictures.Painter(definition, task.Identity, definition.ObservationSpace) is not null)
            return true;
        using var environment = EnvironmentRegistry.Make(id, 1, rendered: true);
        return environment is IRenderedEnvironment { FrameSize: { Width: > 0, Height: > 0 } };
    }
}
