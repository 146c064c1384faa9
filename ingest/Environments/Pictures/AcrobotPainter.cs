using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Two links that hang from a point, the height to swing up to, and the sign of the torque at the joint.</summary>
/// <param name="identity">Lengths of the links in m.</param>
sealed class AcrobotPainter(EnvironmentIdentity identity) : IPainter
{
    const double Reach = 2.2;

    readonly double _first = Length(identity, "link_length_1");
    readonly double _second = Length(identity, "link_length_2");

    public (int Width, int Height) Size => (180, 180);

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        canvas.Clear(Ink.Paper);
        // The links that a parameter makes longer must fit, too.
        var reach = Math.Max(Reach, 1.1 * (_first + _second));
        var view = new View(canvas, canvas.Width / (2 * reach), canvas.Width / 2.0, canvas.Height / 2.0);
        view.Line((-reach, 1), (reach, 1), 1.5, Ink.Goal);
        var o = step.Observation;
        var (cos12, sin12) = ((o[0] * o[2]) - (o[1] * o[3]), (o[1] * o[2]) + (o[0] * o[3]));
        (double X, double Y) joint = (_first * o[1], -_first * o[0]);
        (double X, double Y) tip = (joint.X + (_second * sin12), joint.Y - (_second * cos12));
        view.Rod((0, 0), joint, 8, Ink.Wood);
        view.Rod(joint, tip, 8, Ink.Second);
        view.Dot((0, 0), 4, Ink.Dark);
        view.Dot(joint, 4, Ink.Dark);
        if (step.Discrete >= 0)
            view.Push(joint, 15 * (step.Discrete - 1), Ink.Action);
    }

    static double Length(EnvironmentIdentity identity, string name) => identity.Parameters.GetValueOrDefault(name, 1);
}
