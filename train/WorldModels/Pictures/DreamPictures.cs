using System.Globalization;
using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>
/// What a model sees and dreams, beside what was: the observations of an episode, each of them encoded and decoded, and a dream that begins with the first and takes the recorded actions. As a strip and as an animation.
/// </summary>
/// <param name="Features">The space of what the model reads.</param>
/// <param name="Real">[T + 1] rows of [D].</param>
/// <param name="Decoded">As <paramref name="Real"/>: each decoded from its own code.</param>
/// <param name="Dreamed">As <paramref name="Real"/>: t steps ahead of the first, by the mean of what the model says.</param>
public sealed record DreamPictures(Space Features, IReadOnlyList<float[]> Real, IReadOnlyList<float[]> Decoded, IReadOnlyList<float[]> Dreamed)
{
    /// <summary>Names of the files in a model's folder.</summary>
    public const string StripFile = "dream.png", AnimationFile = "dream.gif";

    const int Margin = PictureGrid.Margin, Line = PictureGrid.Line;
    const double Seconds = 0.25;

    static readonly string[] Names = ["real", "decoded", "dreamed"];

    /// <summary>Dreams; waits for the device.</summary>
    /// <param name="model">A model; nothing of it changes.</param>
    /// <param name="features">The space of what it reads.</param>
    /// <param name="observations">[T + 1, D]: of one episode, one after the other.</param>
    /// <param name="actions">[T, A]: taken between them, as the model reads them.</param>
    public static DreamPictures Imagine(IWorldModel model, Space features, Tensor observations, Tensor actions)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var steps = actions.size(0);
        if (observations.size(0) != steps + 1)
            Throw.Shape(nameof(observations), $"[{steps + 1}, D] for {steps} actions", $"[{string.Join(", ", observations.shape)}]");
        // The last one's action is not known, and nothing that is decoded depends on it.
        var padded = cat([actions, zeros([1, actions.size(1)], device: actions.device)]);
        var latents = model.Encode(new ModelSequences(observations.unsqueeze(1), padded.unsqueeze(1)), null).squeeze(1);
        var state = latents.narrow(0, 0, 1);
        var dreamed = new List<Tensor> { state };
        for (var t = 0; t < steps; t++)
            dreamed.Add(state = model.Step(state, actions.narrow(0, t, 1), null).Latent);
        return new(features, PictureGrid.Rows(observations), PictureGrid.Rows(model.Decode(latents)), PictureGrid.Rows(model.Decode(cat(dreamed))));
    }

    /// <summary>One row for each kind, one column a step.</summary>
    public Canvas Strip() => PictureGrid.Draw(
        new FeaturePainter(Features, Real),
        [.. Enumerable.Range(0, Real.Count).Select(t => t.ToString(CultureInfo.InvariantCulture))],
        [.. Names.Select((name, kind) => new GridRow([name], Kind(kind)))]);

    /// <summary>The three kinds side by side, a step after the other.</summary>
    public IEnumerable<Canvas> Frames()
    {
        var painter = new FeaturePainter(Features, Real);
        var (width, height) = painter.Size;
        var panel = Math.Max(width, Canvas.TextWidth(Names[1])) + (2 * Margin);
        for (var t = 0; t < Real.Count; t++)
        {
            var canvas = new Canvas(3 * panel, height + (2 * Line) + Margin);
            canvas.Clear(Color.White);
            for (var kind = 0; kind < 3; kind++)
            {
                canvas.Text(Names[kind], (kind * panel) + Margin, 2, Color.Black);
                canvas.Draw(painter.Paint(Kind(kind)[t]), (kind * panel) + Margin, Line);
            }

            canvas.Text(t.ToString(CultureInfo.InvariantCulture), Margin, Line + height + Margin, Color.Black);
            yield return canvas;
        }
    }

    /// <summary>Writes both files.</summary>
    /// <param name="folder">Has none of them.</param>
    /// <exception cref="UserErrorException">A file cannot be written.</exception>
    public void Write(string folder)
    {
        PngFile.Write(Path.Combine(folder, StripFile), Strip());
        using var animation = AnimationWriter.Create(Path.Combine(folder, AnimationFile));
        foreach (var frame in Frames())
            animation.Add(frame, Seconds);
        animation.Commit();
    }

    IReadOnlyList<float[]> Kind(int kind) => kind switch { 0 => Real, 1 => Decoded, _ => Dreamed };
}
