using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>The rod around its pivot, upright at angle 0, counted counterclockwise; an arc for the torque.</summary>
/// <param name="identity">Length in m, largest torque in N m.</param>
sealed class PendulumPainter(EnvironmentIdentity identity) : IPainter
{
    const double Ring = 0.42;

    readonly double _length = Math.Clamp(identity.Parameters.GetValueOrDefault("length", 1), 0.3, 1.3);

    public (int Width, int Height) Size => (180, 180);

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        canvas.Clear(Ink.Paper);
        var view = new View(canvas, canvas.Width / 3.0, canvas.Width / 2.0, canvas.Height / 2.0);
        view.Line((0, 1.32), (0, 1.45), 2, Ink.Goal);
        var (cos, sin) = (step.Observation[0], step.Observation[1]);
        view.Rod((0, 0), (-_length * sin, _length * cos), 13, Ink.Wood);
        view.Dot((0, 0), 4, Ink.Dark);
        if (!step.Continuous.IsEmpty)
            Torque(view, Math.Clamp(step.Continuous[0] / 2, -1, 1));
    }

    // From below, as far around as the torque is large; its head on the end.
    static void Torque(in View view, double torque)
    {
        if (Math.Abs(torque) < 0.02)
            return;
        var start = -Math.PI / 2;
        var end = start + (torque * 2.4);
        for (var i = 0; i < 32; i++)
            view.Line(On(start + ((end - start) * i / 32), Ring), On(start + ((end - start) * (i + 1.2) / 32), Ring), 2.5, Ink.Action);
        view.Polygon([On(end, Ring - 0.1), On(end, Ring + 0.1), On(end + (Math.Sign(torque) * 0.35), Ring)], Ink.Action);
    }

    static (double X, double Y) On(double angle, double radius) => (radius * Math.Cos(angle), radius * Math.Sin(angle));
}
