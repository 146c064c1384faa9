using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Draws an environment from what is stored of it: an observation and the action that answered it.</summary>
public interface IPainter
{
    /// <summary>Pixels of a picture.</summary>
    (int Width, int Height) Size { get; }

    /// <summary>Draws one step over a cleared canvas of <see cref="Size"/>.</summary>
    void Paint(Canvas canvas, in PaintedStep step);
}

/// <summary>One step to be drawn.</summary>
public readonly ref struct PaintedStep
{
    /// <summary>[D].</summary>
    public required ReadOnlySpan<float> Observation { get; init; }

    /// <summary>The discrete action; -1 after the last step of an episode, or where actions are continuous.</summary>
    public int Discrete { get; init; }

    /// <summary>[A]; empty after the last step of an episode, or where actions are discrete.</summary>
    public ReadOnlySpan<float> Continuous { get; init; }
}
