using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>One state of an episode, to be drawn or passed over.</summary>
/// <param name="Step">Steps taken before it.</param>
/// <param name="Action">What was done in it; empty after the last step.</param>
/// <param name="Return">Sum of the rewards before it.</param>
/// <param name="IsLast">Whether nothing comes after it; an environment that draws itself cannot tell beforehand.</param>
/// <param name="Paint">Draws it; valid until the next frame.</param>
public readonly record struct EpisodeFrame(int Step, string Action, double Return, bool IsLast, Action<Canvas> Paint)
{
    /// <summary>Two lines below the picture.</summary>
    public IReadOnlyList<string> Caption =>
    [
        Action.Length == 0 ? Text($"step {Step}") : Text($"step {Step}  action {Action}"),
        Text($"return {Return:0.##}"),
    ];

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>An episode that can be played again and again, each time the same.</summary>
public abstract class DrawnEpisode : IDisposable
{
    /// <summary>What it is, in a line.</summary>
    public abstract string Title { get; }

    /// <summary>Pixels of a frame.</summary>
    public abstract (int Width, int Height) Size { get; }

    /// <summary>Shows the states in order, the first one included.</summary>
    /// <param name="limit">Steps after which it is left off.</param>
    /// <param name="visit">Given each state.</param>
    public abstract void Play(int limit, Action<EpisodeFrame> visit);

    public abstract void Dispose();

    /// <summary>What was done, in a few letters; nothing where there is no action.</summary>
    /// <param name="discrete">The action; below 0: actions are continuous, or there is none.</param>
    /// <param name="continuous">[A], or empty.</param>
    protected static string ActionText(int discrete, ReadOnlySpan<float> continuous)
    {
        if (discrete >= 0)
            return discrete.ToString(CultureInfo.InvariantCulture);
        var numbers = new List<string>();
        // The sum makes 0 of a negative one.
        foreach (var value in continuous)
            numbers.Add((MathF.Round(value, 2) + 0f).ToString("0.00", CultureInfo.InvariantCulture));
        // More do not fit below a picture.
        return numbers.Count <= 3 ? string.Join(' ', numbers) : string.Join(' ', numbers.Take(2)) + " ...";
    }
}
