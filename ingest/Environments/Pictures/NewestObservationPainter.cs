using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>The newest observation of those that a row holds.</summary>
/// <param name="inner">Draws one.</param>
/// <param name="offset">Numbers of a row before the newest one, which is the rest of it.</param>
sealed class NewestObservationPainter(IPainter inner, int offset) : IPainter
{
    public (int Width, int Height) Size => inner.Size;

    public void Paint(Canvas canvas, in PaintedStep step) =>
        inner.Paint(canvas, new PaintedStep { Observation = step.Observation[offset..], Discrete = step.Discrete, Continuous = step.Continuous });
}
