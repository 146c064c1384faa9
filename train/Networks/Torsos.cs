using OfflineRL.Datasets;

namespace OfflineRL.Train.Networks;

/// <summary>Which convolutions an observation gets, and how wide the dense layers after them are.</summary>
static class Torsos
{
    public const string Auto = "auto";
    public const string Dense = "mlp";
    public const string Nature = "nature";
    public const string MinAtar = "minatar";

    // From this side on an image is a screen, not a grid of cells: the smallest that the Nature torso reads.
    const int SmallestScreen = 36;

    public static readonly string[] All = [Auto, Dense, Nature, MinAtar];

    /// <summary>The torso that <c>auto</c> means for a space: <c>nature</c> for screens, <c>minatar</c> for grids of cells, else <c>mlp</c>.</summary>
    public static string Resolve(string torso, Space observations)
    {
        if (torso != Auto)
            return torso;
        return Sides(observations) is not { } sides ? Dense : sides.Height >= SmallestScreen && sides.Width >= SmallestScreen ? Nature : MinAtar;
    }

    /// <summary>Widths of the dense layers where the config names none: those of the torso's paper, and for vectors the usual two.</summary>
    public static IReadOnlyList<int> DefaultHidden(string torso) => torso switch
    {
        Nature => [512],
        MinAtar => [128],
        _ => [256, 256],
    };

    /// <summary>Everything of a network but its head.</summary>
    /// <param name="observations">What it reads.</param>
    /// <param name="actions">A.</param>
    /// <param name="torso">One of <see cref="All"/>.</param>
    /// <param name="hidden">Widths of the dense layers; null for the torso's own.</param>
    /// <exception cref="UserErrorException">The torso does not fit the observations.</exception>
    public static NetworkDescription Describe(Space observations, int actions, string torso, IReadOnlyList<int>? hidden)
    {
        torso = Resolve(torso, observations);
        var description = new NetworkDescription
        {
            Inputs = ObservationEncoder.FeaturesOf(observations),
            Hidden = hidden ?? DefaultHidden(torso),
            Outputs = actions,
        };
        if (torso == Dense)
            return description;
        var image = Image(observations, torso);
        if (image is not { Fits: true })
            Throw.User($"torso is {torso} and the observations are {observations}; expected an image [C, H, W], [H, W, C] or [H, W], or several, of at least {(torso == Nature ? SmallestScreen : 3)} x {(torso == Nature ? SmallestScreen : 3)}. Use torso mlp, or auto.");
        return description with { Type = "convolutional", Image = image };
    }

    // Mnih et al. 2015, Methods, "Model architecture"; Young and Tian 2019, "MinAtar", section 3.
    static ImageDescription? Image(Space observations, string torso) => Sides(observations, ofFloats: true) is not { } sides ? null : new ImageDescription
    {
        Channels = sides.Frames * sides.Channels,
        Height = sides.Height,
        Width = sides.Width,
        ChannelsLast = sides.ChannelsLast,
        Frames = sides.Frames,
        Layers = torso == Nature ? [new(32, 8, 4), new(64, 4, 2), new(64, 3, 1)] : [new(16, 3, 1)],
    };

    // Of four axes the first are frames. Channels stand before the sides unless the last axis is the shorter one, as in [84, 84, 4].
    static (int Frames, int Channels, int Height, int Width, bool ChannelsLast)? Sides(Space observations, bool ofFloats = false)
    {
        if (observations is not BoxSpace box || (box.ElementType != ElementType.UInt8 && !ofFloats))
            return null;
        return box.Shape switch
        {
            [var height, var width] => (1, 1, height, width, false),
            [var a, var b, var c] => Of(1, a, b, c),
            [var frames, var a, var b, var c] => Of(frames, a, b, c),
            _ => null,
        };

        static (int, int, int, int, bool) Of(int frames, int a, int b, int c) => c < a ? (frames, c, a, b, true) : (frames, a, b, c, false);
    }
}
