namespace OfflineRL.Cli.Hosting;

/// <summary>What the tool's exit codes mean, to a shell and to a scheduler.</summary>
static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>A check ran and did not hold.</summary>
    public const int CheckFailed = 1;

    /// <summary>Usage, or input that cannot be used.</summary>
    public const int Usage = 2;

    /// <summary>A fault of the tool's own; the stack trace is shown.</summary>
    public const int Bug = 70;

    /// <summary>Interrupted by SIGINT or SIGTERM; what was committed is whole, and training resumes.</summary>
    public const int Interrupted = 130;
}
