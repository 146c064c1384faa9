using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>What a picture shows.</summary>
/// <param name="Shown">States on it.</param>
/// <param name="States">Of so many.</param>
/// <param name="Steps">Of the episode.</param>
/// <param name="Return">Sum of its rewards.</param>
public readonly record struct PicturedEpisode(int Shown, int States, int Steps, double Return);

/// <summary>An episode as a strip of frames in a PNG file, or as an animation.</summary>
public static class EpisodePictures
{
    const double LastFrameSeconds = 1;

    /// <summary>Told of every state: what is done, how many states, and of how many; 0: not known. It may throw to stop.</summary>
    public delegate void StateVisit(string stage, int done, int total);

    /// <summary>Frames evenly spaced over the episode, which is played twice: once for its length, once for the frames.</summary>
    /// <param name="episode">Played from its start.</param>
    /// <param name="path">A file that ends in <c>.png</c>.</param>
    /// <param name="replace">Whether a file of that name may be replaced.</param>
    /// <param name="frames">At most, at least 1.</param>
    /// <param name="limit">Steps after which it is left off.</param>
    /// <param name="visit">Told of the progress.</param>
    public static PicturedEpisode Strip(DrawnEpisode episode, string path, bool replace, int frames, int limit, StateVisit visit)
    {
        var (steps, sum, states) = (0, 0.0, 0);
        Play(episode, limit, visit, "playing", 0, frame => (steps, sum, states) = (frame.Step, frame.Return, states + 1));
        var shown = Spread(Math.Min(frames, states), states);
        var sheet = new EpisodeSheet(episode.Title, episode.Size, shown.Length);
        var (state, place) = (0, 0);
        Play(episode, limit, visit, "drawing", states, frame =>
        {
            if (place < shown.Length && state++ == shown[place])
                sheet.Put(place++, frame);
        });
        PngFile.Write(path, sheet.Picture, replace);
        return new(shown.Length, states, steps, sum);
    }

    /// <summary>Every so many steps a frame.</summary>
    /// <param name="episode">Played once.</param>
    /// <param name="path">A file that ends as <see cref="AnimationWriter.Extensions"/> do.</param>
    /// <param name="replace">Whether a file of that name may be replaced.</param>
    /// <param name="every">Steps from frame to frame, at least 1.</param>
    /// <param name="rate">Frames a second.</param>
    /// <param name="limit">Steps after which it is left off.</param>
    /// <param name="visit">Told of the progress.</param>
    public static PicturedEpisode Animation(DrawnEpisode episode, string path, bool replace, int every, double rate, int limit, StateVisit visit)
    {
        using var writer = AnimationWriter.Create(path, replace);
        var sheet = new EpisodeSheet(episode.Title, episode.Size, 1);
        var (steps, sum, states) = (0, 0.0, 0);
        Play(episode, limit, visit, "drawing", 0, frame =>
        {
            (steps, sum, states) = (frame.Step, frame.Return, states + 1);
            if (frame.Step % every != 0 && !frame.IsLast)
                return;
            sheet.Put(0, frame);
            // How it ended stands for a while before it begins again.
            writer.Add(sheet.Picture, frame.IsLast ? LastFrameSeconds : 1 / rate);
        });
        writer.Commit();
        return new(writer.Frames, states, steps, sum);
    }

    // Numbers of states, the first and the last among them; the last alone where there is one.
    static int[] Spread(int frames, int states) => frames == 1
        ? [states - 1]
        : [.. Enumerable.Range(0, frames).Select(i => (int)Math.Round(i * (states - 1.0) / (frames - 1)))];

    static void Play(DrawnEpisode episode, int limit, StateVisit visit, string stage, int total, Action<EpisodeFrame> take)
    {
        var done = 0;
        episode.Play(limit, frame =>
        {
            take(frame);
            visit(stage, ++done, total);
        });
    }
}
