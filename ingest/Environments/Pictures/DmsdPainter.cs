using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Two masses between two walls, tied by springs and dampers; below each a mark where it should be, above each an arrow for its force.</summary>
/// <remarks>Observation [6]: offsets x1, x2 from the positions of rest, velocities v1, v2, targets. Distances between the positions of rest are the picture's choice.</remarks>
sealed class DmsdPainter : IPainter
{
    const double Rest = 2.2, Wall = 5, Half = 0.4;

    public (int Width, int Height) Size => (320, 110);

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        canvas.Clear(Ink.Paper);
        var view = new View(canvas, canvas.Width / 10.6, canvas.Width / 2.0, canvas.Height - 34);
        var o = step.Observation;
        var (first, second) = (o[0] - Rest, o[1] + Rest);
        view.Line((-Wall, -0.02), (Wall, -0.02), 1.5, Ink.Line);
        foreach (var wall in new[] { -Wall, Wall })
            view.Line((wall, -0.02), (wall, 1.3), 5, Ink.Dark);
        Spring(view, -Wall, first - Half);
        Spring(view, first + Half, second - Half);
        Spring(view, second + Half, Wall);
        Mass(view, first, o[4] - Rest, step.Continuous.IsEmpty ? 0 : step.Continuous[0], Ink.Wood);
        Mass(view, second, o[5] + Rest, step.Continuous.IsEmpty ? 0 : step.Continuous[1], Ink.Second);
    }

    static void Mass(in View view, double x, double target, double force, Color color)
    {
        view.Polygon([(x - Half, 0), (x + Half, 0), (x + Half, 0.8), (x - Half, 0.8)], color);
        view.Polygon([(target, -0.12), (target + 0.18, -0.5), (target - 0.18, -0.5)], Ink.Goal);
        view.Line((x, 0), (x, -0.3), 1.5, color);
        view.Push((x, 1.2), 26 * Math.Clamp(force, -1, 1), Ink.Action);
    }

    static void Spring(in View view, double from, double to)
    {
        const int Turns = 8;
        (double X, double Y) before = (from, 0.4);
        for (var i = 1; i <= Turns * 2; i++)
        {
            var y = i == Turns * 2 ? 0.4 : i % 2 == 0 ? 0.25 : 0.55;
            (double X, double Y) next = (from + ((to - from) * i / (Turns * 2)), y);
            view.Line(before, next, 1.5, Ink.Line);
            before = next;
        }
    }
}
