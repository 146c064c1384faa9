using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary>What every seed keeps in its folder beside metrics, policies and checkpoints: its status and its log.</summary>
sealed class SeedFiles
{
    readonly string _run;
    readonly IJobProgress _progress;
    readonly TimeProvider _time;
    readonly DateTimeOffset _started;

    /// <param name="config">Names the run.</param>
    /// <param name="runFolder">Of the run.</param>
    /// <param name="seed">Its folder is there.</param>
    /// <param name="progress">Hears what is logged.</param>
    /// <param name="time">For status and log.</param>
    public SeedFiles(TrainConfig config, string runFolder, ulong seed, IJobProgress progress, TimeProvider time)
    {
        (_run, _progress, _time, Seed) = (runFolder, progress, time, seed);
        Folder = RunFolder.SeedFolder(runFolder, seed);
        PolicyName = FormattableString.Invariant($"{config.Name}/seed-{seed}");
        _started = time.GetUtcNow();
    }

    public ulong Seed { get; }

    public string Folder { get; }

    /// <summary>What its policies are called, less the step.</summary>
    public string PolicyName { get; }

    /// <summary>Removes policies of later steps, which a process wrote that was killed before its checkpoint.</summary>
    public void TakeBackPolicies(int step)
    {
        foreach (var (_, folder) in StepFolders.List(RunFolder.PoliciesFolder(Folder)).Where(policy => policy.Step > step))
        {
            // Without its description a folder is no policy, so a death in between leaves none that is half there.
            File.Delete(Path.Combine(folder, PolicyDescription.FileName));
            Directory.Delete(folder, recursive: true);
        }
    }

    public void SaveStatus(RunState state, int step, int steps, string? error = null)
    {
        var now = _time.GetUtcNow();
        new SeedStatus
        {
            State = state,
            Seed = Seed,
            Step = step,
            Steps = steps,
            Pid = Environment.ProcessId,
            Host = Environment.MachineName,
            Started = _started,
            Updated = now,
            Error = error,
        }.Save(Folder);
        RunFolder.SaveStatus(_run, now);
    }

    /// <summary>As <see cref="SaveStatus"/> of a failure. A disk that is full takes the status with it; the error that is reported stays the first one.</summary>
    /// <returns>True, for a filter.</returns>
    public bool TrySaveFailure(int step, int steps, Exception e)
    {
        try
        {
            SaveStatus(RunState.Failed, step, steps, e.Message);
        }
        catch (IOException)
        {
            Log("the status could not be written either");
        }

        return true;
    }

    public void Log(string text)
    {
        _progress.Line($"seed {Seed}: {text}");
        File.AppendAllText(Path.Combine(Folder, "log.txt"), $"{_time.GetUtcNow():u} {text}\n");
    }
}
