using OfflineRL.Datasets;

namespace OfflineRL.Cli.Hosting;

/// <summary>Config files whose key <c>job</c> says which command of a stage they are for.</summary>
static class JobFile
{
    /// <summary>The job that a file names. Only this key is looked at: the job's own config checks all of it.</summary>
    /// <param name="stage">The stage's command, for messages.</param>
    /// <param name="path">Of <c>--config</c>; null where it was not given.</param>
    /// <param name="jobs">Those that the stage has.</param>
    /// <exception cref="UserErrorException">There is no file, or it names none of them.</exception>
    public static string JobOf(string stage, string? path, params IReadOnlyList<string> jobs)
    {
        var known = string.Join(", ", jobs.SkipLast(1)) + " or " + jobs[^1];
        if (path is null)
            throw new UserErrorException($"'offlinerl {stage}' needs a job: {known}, or --config FILE whose key 'job' names one. Run 'offlinerl {stage} --help' for examples.");
        if (!File.Exists(path))
            throw new UserErrorException($"{path}: there is no such config file. Name an existing YAML file with --config.");
        var line = File.ReadLines(path).FirstOrDefault(l => l.StartsWith("job:", StringComparison.Ordinal));
        var job = line?["job:".Length..].Split('#')[0].Trim().Trim('\'', '"');
        return job is not null && jobs.Contains(job)
            ? job
            : throw new UserErrorException($"{path}: {(job is null ? "the key 'job' is missing" : $"job is '{job}'")}; expected {known}.");
    }
}
