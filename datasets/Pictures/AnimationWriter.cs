namespace OfflineRL.Datasets;

/// <summary>Frames on their way into an animation that repeats for ever; memory holds one of them. The file appears when it is committed.</summary>
public abstract class AnimationWriter : IDisposable
{
    /// <summary>Extensions of the formats, with their dots.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".apng", ".gif"];

    readonly PendingFile _file;
    byte[] _before = [];
    int _width, _height;

    private protected AnimationWriter(PendingFile file) => _file = file;

    /// <summary>The format goes by the extension: <c>.gif</c>, else APNG, whose files may also be called <c>.png</c>.</summary>
    /// <param name="path">Its folder must be there.</param>
    /// <param name="replace">Whether a file of that name may be replaced.</param>
    /// <exception cref="UserErrorException">The file exists and is not to be replaced, or cannot be written.</exception>
    public static AnimationWriter Create(string path, bool replace = false)
    {
        var file = PendingFile.Create(path, replace);
        return string.Equals(Path.GetExtension(path), ".gif", StringComparison.OrdinalIgnoreCase) ? new GifWriter(file) : new ApngWriter(file);
    }

    /// <summary>Frames so far.</summary>
    public int Frames { get; private set; }

    private protected Stream Stream => _file.Stream;

    /// <summary>Appends a frame; only what has changed since the one before is stored.</summary>
    /// <param name="frame">As large as the first one.</param>
    /// <param name="seconds">How long it stands, above 0.</param>
    public void Add(Canvas frame, double seconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(seconds);
        if (Frames == 0)
        {
            (_width, _height, _before) = (frame.Width, frame.Height, new byte[frame.Rgb.Length]);
            Begin(frame);
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual((frame.Width, frame.Height), (_width, _height), nameof(frame));
        Write(frame, Frames == 0 ? Area.Of(frame) : Area.Changed(_before, frame), seconds);
        frame.Rgb.CopyTo(_before);
        Frames++;
    }

    /// <summary>Makes the file visible.</summary>
    public void Commit()
    {
        if (Frames == 0)
            throw new InvalidOperationException("An animation has at least one frame.");
        End();
        _file.Commit();
    }

    /// <summary>Leaves nothing where it was not committed.</summary>
    public void Dispose()
    {
        _file.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract void Begin(Canvas frame);

    private protected abstract void Write(Canvas frame, Area area, double seconds);

    private protected abstract void End();
}
