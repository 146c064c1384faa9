using OfflineRL.Datasets;
using OfflineRL.Train.Networks;

namespace OfflineRL.Train.WorldModels;

/// <summary>
/// Draws an observation as a model reads it: images as images (one channel grey, three as red, green and blue, of others each channel in a color of its own; of several frames the newest), everything else as one bar
/// for each number, from the middle of what the numbers do in the pictures that belong together.
/// </summary>
sealed class FeaturePainter
{
    const int Least = 60;

    static readonly Color Back = Color.Of(0xF4F4F0), Bar = Color.Of(0x2B6CB0), Axis = Color.Of(0xC8C8C0);

    // Told apart on black, also by who sees few colors (Okabe and Ito 2008).
    static readonly Color[] Hues = [Color.Of(0xE69F00), Color.Of(0x56B4E9), Color.Of(0x009E73), Color.Of(0xF0E442), Color.Of(0xD55E00), Color.Of(0xCC79A7), Color.Of(0x0072B2)];

    readonly ImageDescription? _image;
    readonly int _width, _scale;
    readonly float[] _middle, _half;

    /// <param name="features">The space of what the model reads, of all frames.</param>
    /// <param name="rows">Observations that belong together: they decide how long bars are.</param>
    public FeaturePainter(Space features, IReadOnlyList<float[]> rows)
    {
        _width = ObservationEncoder.FeaturesOf(features);
        var torso = Torsos.Resolve(Torsos.Auto, features);
        _image = torso == Torsos.Dense ? null : Torsos.Describe(features, 1, torso, null).Image;
        _scale = _image is null ? 1 : Math.Max(1, (Least + Math.Max(_image.Width, _image.Height) - 1) / Math.Max(_image.Width, _image.Height));
        (_middle, _half) = (new float[_width], new float[_width]);
        for (var d = 0; d < _width; d++)
        {
            var (low, high) = (rows.Min(row => row[d]), rows.Max(row => row[d]));
            (_middle[d], _half[d]) = ((low + high) / 2, Math.Max((high - low) / 2, 1e-6f));
        }
    }

    /// <summary>Pixels of a picture.</summary>
    public (int Width, int Height) Size => _image is null ? (Least, Math.Max(Least, 3 * _width)) : (_image.Width * _scale, _image.Height * _scale);

    /// <summary>One observation.</summary>
    /// <param name="row">[D].</param>
    public Canvas Paint(ReadOnlySpan<float> row)
    {
        if (row.Length != _width)
            throw new ArgumentException($"{row.Length} numbers; expected {_width}.", nameof(row));
        var canvas = new Canvas(Size.Width, Size.Height);
        if (_image is null)
            PaintBars(canvas, row);
        else
            PaintImage(canvas, row, _image);
        return canvas;
    }

    void PaintBars(Canvas canvas, ReadOnlySpan<float> row)
    {
        canvas.Clear(Back);
        var (middle, height) = (canvas.Width / 2.0, (double)canvas.Height / _width);
        canvas.FillRectangle(middle - 0.5, 0, 1, canvas.Height, Axis);
        for (var d = 0; d < _width; d++)
        {
            // A dream may leave what was seen; the picture ends at the edge.
            var length = Math.Clamp((row[d] - _middle[d]) / _half[d], -1.2, 1.2) / 1.2 * middle;
            canvas.FillRectangle(length < 0 ? middle + length : middle, (d * height) + (0.15 * height), Math.Abs(length), 0.7 * height, Bar);
        }
    }

    void PaintImage(Canvas canvas, ReadOnlySpan<float> row, ImageDescription image)
    {
        var channels = image.Channels / image.Frames;
        var cells = image.Width * image.Height;
        var newest = row[^(channels * cells)..];
        var small = new byte[cells * 3];
        for (var i = 0; i < cells; i++)
        {
            var color = Color.Black;
            for (var c = 0; c < channels; c++)
            {
                var value = Math.Clamp(newest[image.ChannelsLast ? (i * channels) + c : (c * cells) + i], 0, 1);
                var level = (byte)Math.Round(255 * value);
                color = channels switch
                {
                    1 => new Color(level, level, level),
                    3 => c switch { 0 => color with { Red = level }, 1 => color with { Green = level }, _ => color with { Blue = level } },
                    _ => color.Mix(Hues[c % Hues.Length], value),
                };
            }

            (small[3 * i], small[(3 * i) + 1], small[(3 * i) + 2]) = (color.Red, color.Green, color.Blue);
        }

        canvas.Draw(small, image.Width, image.Height, 0, 0, _scale);
    }
}
