using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// The side view of a robot, from an observation: its capsules, each turned about the joints above it. The camera keeps with
/// the torso, since observations do not tell how far the robot has come.
/// </summary>
/// <remarks>The same picture as the server's (Server/picture.mjs), which knows positions and draws the moving ground too.</remarks>
sealed class RobotPainter(RobotPainter.Robot robot) : IPainter
{
    const double PixelsPerMeter = 115;
    const int GroundPixels = 40;

    /// <summary>Hopper: <see cref="Leg"/> on an upright torso.</summary>
    public static readonly Robot Hopper = new(1.25, [Upright, .. Leg(2, -0.13, 0.26, isBehind: false)]);

    /// <summary>Walker2d: two legs, the left one behind.</summary>
    public static readonly Robot Walker2d = new(1.25, [Upright, .. Leg(2, 0, 0.2, isBehind: false), .. Leg(5, 0, 0.2, isBehind: true)]);

    /// <summary>HalfCheetah, whose observed height is how far the torso is above its start at 0.7 m.</summary>
    public static readonly Robot HalfCheetah = new(0, [new Link((0, 0.7), 1, (-0.5, 0.7), (0.5, 0.7), 0.046, 0, 1), .. Cheetah()]);

    // The torso stands where its observed height is 1.25, and turns about that point.
    static Link Upright => new((0, 1.25), 1, (0, 1.45), (0, 1.05), 0.05, 0, 1);

    public (int Width, int Height) Size => (320, 240);

    public void Paint(Canvas canvas, in PaintedStep step)
    {
        canvas.Clear(Ink.Paper);
        var (width, height) = Size;
        canvas.FillRectangle(0, height - GroundPixels, width, GroundPixels, Ink.Pale);
        var view = new View(canvas, PixelsPerMeter, width / 2.0, height - GroundPixels);
        view.Line((-2, 0), (2, 0), 1.5, Ink.Line);

        // What stands behind comes first.
        foreach (var behind in (bool[])[true, false])
        {
            foreach (var link in robot.Links)
            {
                if (link.IsBehind == behind)
                    view.Rod(Place(link, link.From, step.Observation), Place(link, link.To, step.Observation), 2 * PixelsPerMeter * link.Radius, behind ? Ink.Second : Ink.Wood);
            }
        }

        foreach (var link in robot.Links)
        {
            if (link.Angle > 1)
                view.Dot(Place(link, link.Joint, step.Observation), 2, Ink.Dark);
        }
    }

    /// <summary>Where a point of a link is, the torso's x being 0.</summary>
    (double X, double Y) Place(Link link, (double X, double Y) point, ReadOnlySpan<float> observation)
    {
        for (; ; link = robot.Links[link.Parent])
        {
            if (link.Angle > 0)
                point = Turn(point, link.Joint, link.Direction * observation[link.Angle]);
            if (link.Angle == 1)
                return (point.X, point.Y + observation[0] - robot.Height);
        }
    }

    // About the axis that points into the picture: up turns to the right.
    static (double X, double Y) Turn((double X, double Y) point, (double X, double Y) center, double angle)
    {
        var (sin, cos, x, y) = (Math.Sin(angle), Math.Cos(angle), point.X - center.X, point.Y - center.Y);
        return (center.X + (cos * x) + (sin * y), center.Y + (cos * y) - (sin * x));
    }

    /// <summary>Thigh, leg and foot that hang from the torso; <paramref name="angle"/> is the thigh's in the observation.</summary>
    static Link[] Leg(int angle, double heel, double toe, bool isBehind) =>
    [
        new((0, 1.05), -1, (0, 1.05), (0, 0.6), 0.05, 0, angle, isBehind),
        new((0, 0.6), -1, (0, 0.6), (0, 0.1), 0.04, angle - 1, angle + 1, isBehind),
        new((0, 0.1), -1, (heel, 0.1), (toe, 0.1), 0.06, angle, angle + 2, isBehind),
    ];

    // As published: where a link hangs in its parent, the middle, turn and half length of its capsule.
    static List<Link> Cheetah()
    {
        const double Radius = 0.046;
        List<Link> links = [];
        Add(0, (0, 0.7), (0.6, 0.1), 0.87, 0.15, 0);
        var joint = (-0.5, 0.7);
        Add(0, joint, (0.1, -0.13), -3.8, 0.145, 2);
        Add(2, joint = Plus(joint, (0.16, -0.25)), (-0.14, -0.07), -2.03, 0.15, 3);
        Add(3, Plus(joint, (-0.28, -0.14)), (0.03, -0.097), -0.27, 0.094, 4);
        joint = (0.5, 0.7);
        Add(0, joint, (-0.07, -0.12), 0.52, 0.133, 5);
        Add(5, joint = Plus(joint, (-0.14, -0.24)), (0.065, -0.09), -0.6, 0.106, 6);
        Add(6, Plus(joint, (0.13, -0.18)), (0.045, -0.07), -0.6, 0.07, 7);
        return links;

        void Add(int parent, (double X, double Y) at, (double X, double Y) middle, double turn, double half, int angle)
        {
            var (center, along) = (Plus(at, middle), (X: half * Math.Sin(turn), Y: half * Math.Cos(turn)));
            links.Add(new Link(at, 1, Plus(center, along), Plus(center, (-along.X, -along.Y)), Radius, parent, angle));
        }

        static (double X, double Y) Plus((double X, double Y) a, (double X, double Y) b) => (a.X + b.X, a.Y + b.Y);
    }

    /// <summary>The capsules of a robot, the torso first, as they stand with all joints at 0.</summary>
    /// <param name="Height">Where the torso stands so, as observed; m.</param>
    /// <param name="Links">Parents come before what hangs from them.</param>
    public sealed record Robot(double Height, IReadOnlyList<Link> Links);

    /// <summary>A capsule and the joint that it turns about; positions in m, x and up.</summary>
    /// <param name="Joint">Its center.</param>
    /// <param name="Direction">1 where a positive angle turns up to the right, -1 where to the left.</param>
    /// <param name="From">One end of the capsule's middle line.</param>
    /// <param name="To">The other.</param>
    /// <param name="Radius">Of the capsule; m.</param>
    /// <param name="Parent">Index of the link that it hangs from.</param>
    /// <param name="Angle">Index of the joint's angle in the observation: 1 is the torso's; 0 for what is fast to its parent.</param>
    /// <param name="IsBehind">Drawn before the others, in another color.</param>
    public readonly record struct Link((double X, double Y) Joint, int Direction, (double X, double Y) From, (double X, double Y) To, double Radius, int Parent, int Angle, bool IsBehind = false);
}
