using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>The valley, the car along its slope, a flag at the goal, an arrow for the engine.</summary>
/// <param name="identity">Says where the flag stands.</param>
sealed class MountainCarPainter(EnvironmentIdentity identity) : IPainter
{
    const double Low = -1.2, High = 0.6;

    readonly double _goal = identity.Parameters["goal_position"];

    // High enough for the flag on the hilltop.
    public (int Width, int Height) Size => (300, 215);

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        canvas.Clear(Ink.Paper);
        var view = new View(canvas, canvas.Width / (High - Low), -Low * canvas.Width / (High - Low), canvas.Height - 12);
        for (var x = Low; x < High; x += 0.01)
            view.Line((x, Hill(x)), (x + 0.0125, Hill(x + 0.0125)), 2, Ink.Line);
        view.Line((_goal, Hill(_goal)), (_goal, Hill(_goal) + 0.22), 2, Ink.Dark);
        view.Polygon([(_goal, Hill(_goal) + 0.22), (_goal + 0.09, Hill(_goal) + 0.18), (_goal, Hill(_goal) + 0.14)], Ink.Goal);

        var position = step.Observation[0];
        var slope = Math.Atan(0.45 * 3 * Math.Cos(3 * position));
        var (sin, cos) = Math.SinCos(slope);
        view.Polygon([At(-0.07, 0.03), At(0.07, 0.03), At(0.06, 0.08), At(-0.06, 0.08)], Ink.Dark);
        view.Dot(At(-0.04, 0.025), 4, Ink.Line);
        view.Dot(At(0.04, 0.025), 4, Ink.Line);
        var push = step.Continuous.IsEmpty ? step.Discrete < 0 ? 0 : step.Discrete - 1 : Math.Clamp(step.Continuous[0], -1, 1);
        view.Push(At(0, 0.13), 22 * push, Ink.Action);

        // Along the slope and off it.
        (double X, double Y) At(double along, double off) =>
            (position + (along * cos) - (off * sin), Hill(position) + (along * sin) + (off * cos));
    }

    // Gymnasium's height of the hill.
    static double Hill(double x) => (0.45 * Math.Sin(3 * x)) + 0.55 - 0.05;
}
