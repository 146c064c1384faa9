namespace OfflineRL.Datasets;

/// <summary>Where long work says how far it is; the command line draws a bar on a terminal and plain lines in a log.</summary>
public interface IJobProgress
{
    /// <summary>Called often; the receiver thins it out.</summary>
    /// <param name="stage">What is going on, a few words.</param>
    /// <param name="done">Units done.</param>
    /// <param name="total">Units in all; 0 where unknown.</param>
    /// <param name="detail">A short addition, such as the newest loss.</param>
    void Report(string stage, long done, long total, string? detail = null);

    /// <summary>A line for the log, always shown.</summary>
    void Line(string text);
}

/// <summary>Says nothing.</summary>
public sealed class NullProgress : IJobProgress
{
    public static readonly NullProgress Instance = new();

    NullProgress()
    {
    }

    public void Report(string stage, long done, long total, string? detail = null)
    {
    }

    public void Line(string text)
    {
    }
}
