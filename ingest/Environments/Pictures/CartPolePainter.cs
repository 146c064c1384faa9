using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>The cart on its track between the limits, the pole with its true length, an arrow for the push.</summary>
sealed class CartPolePainter(EnvironmentIdentity identity) : IPainter
{
    const double Reach = 2.6, Deck = 0.18, Half = 0.25;

    // The whole pole, but short enough for the picture: its mass is spread evenly over twice the parameter.
    readonly double _length = Math.Min(2 * identity.Parameters["length"], 1.9);

    public (int Width, int Height) Size => (300, 150);

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        canvas.Clear(Ink.Paper);
        var view = new View(canvas, canvas.Width / (2 * Reach), canvas.Width / 2.0, canvas.Height - 26);
        view.Line((-Reach, 0), (Reach, 0), 1.5, Ink.Line);
        foreach (var limit in new[] { -CartPoleKernel.PositionLimit, CartPoleKernel.PositionLimit })
            view.Line((limit, -0.12), (limit, 0.12), 1.5, Ink.Action);
        var (x, angle) = (step.Observation[0], step.Observation[2]);
        view.Polygon([(x - Half, 0), (x + Half, 0), (x + Half, Deck), (x - Half, Deck)], Ink.Dark);
        view.Rod((x, Deck), (x + (_length * Math.Sin(angle)), Deck + (_length * Math.Cos(angle))), 6, Ink.Wood);
        view.Dot((x, Deck), 3, Ink.Line);
        if (step.Discrete >= 0)
            view.Push((x + (step.Discrete == 0 ? -Half : Half), Deck / 2), step.Discrete == 0 ? -16 : 16, Ink.Action);
    }
}
