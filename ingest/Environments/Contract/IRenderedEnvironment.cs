namespace OfflineRL.Environments;

/// <summary>An environment that draws itself, such as an external one; ask for it by type. Built-in ones have an <see cref="IPainter"/> instead, which needs the observation alone.</summary>
public interface IRenderedEnvironment : IVectorEnvironment
{
    /// <summary>Pixels of a frame; zero where this environment cannot be drawn.</summary>
    (int Width, int Height) FrameSize { get; }

    /// <summary>Draws the state that one instance is in.</summary>
    /// <param name="instance">0 to B - 1.</param>
    /// <param name="rgb">[Height, Width, 3], written.</param>
    void Render(int instance, Span<byte> rgb);
}
