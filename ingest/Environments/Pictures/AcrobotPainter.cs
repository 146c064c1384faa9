using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Two links that hang from a point, the height to swing up to, and the sign of the torque at the joint.</summary>
/// <param name="identity">The goal's height. Links count as 1 m each, as they do for the goal, whatever their length in the dynamics.</param>
sealed class AcrobotPainter(EnvironmentIdentity identity) : IPainter
{
    const double Reach = 2.2;

    readonly double _goal = identity.Parameters.GetValueOrDefault("goal_height", 1);

    public (int Width, int Height) Size => (180, 180);

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        canvas.Clear(Ink.Paper);
        var view = new View(canvas, canvas.Width / (2 * Reach), canvas.Width / 2.0, canvas.Height / 2.0);
        view.Line((-Reach, _goal), (Reach, _goal), 1.5, Ink.Goal);
        var o = step.Observation;
        var (cos12, sin12) = ((o[0] * o[2]) - (o[1] * o[3]), (o[1] * o[2]) + (o[0] * o[3]));
        (double X, double Y) joint = (o[1], -o[0]);
        (double X, double Y) tip = (joint.X + sin12, joint.Y - cos12);
        view.Rod((0, 0), joint, 8, Ink.Wood);
        view.Rod(joint, tip, 8, Ink.Second);
        view.Dot((0, 0), 4, Ink.Dark);
        view.Dot(joint, 4, Ink.Dark);
        if (step.Discrete >= 0)
            view.Push(joint, 15 * (step.Discrete - 1), Ink.Action);
    }
}
