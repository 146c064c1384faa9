using System.Globalization;
using OfflineRL.Datasets;
using Spectre.Console;

namespace OfflineRL.Cli.Hosting;

/// <summary>
/// Progress with rate and time left: one line redrawn on a terminal, a plain line every ten seconds in a log.
/// All of it goes to standard error, so that standard output holds results alone.
/// </summary>
sealed class ConsoleProgress : IJobProgress, IDisposable
{
    static readonly TimeSpan TerminalPeriod = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan LogPeriod = TimeSpan.FromSeconds(10);

    readonly Lock _lock = new();
    readonly bool _terminal = !Console.IsErrorRedirected;
    readonly TimeProvider _time;
    string _stage = "";
    long _stageStart, _lastShown, _firstDone;
    bool _lineOpen;

    public ConsoleProgress(TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _stageStart = _lastShown = _time.GetTimestamp();
    }

    public void Report(string stage, long done, long total, string? detail = null)
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            if (stage != _stage)
            {
                Close();
                (_stage, _stageStart, _firstDone) = (stage, now, done);
                // The first report of a stage waits one period, so that quick stages stay silent in a log.
                _lastShown = now;
                return;
            }

            var finished = total > 0 && done >= total;
            if (_time.GetElapsedTime(_lastShown, now) < (_terminal ? TerminalPeriod : LogPeriod) && !(finished && _lineOpen))
                return;
            _lastShown = now;
            Show(Describe(done, total, detail, _time.GetElapsedTime(_stageStart, now)), finished);
        }
    }

    public void Line(string text)
    {
        lock (_lock)
        {
            Erase();
            Console.Error.WriteLine(text);
        }
    }

    public void Dispose()
    {
        lock (_lock)
            Close();
    }

    string Describe(long done, long total, string? detail, TimeSpan elapsed)
    {
        var rate = elapsed.TotalSeconds > 0 ? (done - _firstDone) / elapsed.TotalSeconds : 0;
        var text = total > 0
            ? string.Create(CultureInfo.InvariantCulture, $"{_stage}: {done:N0} of {total:N0} ({100.0 * done / total:F0} %), {rate:N0}/s")
            : string.Create(CultureInfo.InvariantCulture, $"{_stage}: {done:N0}, {rate:N0}/s");
        if (total > done && rate > 0)
            text += $", {TimeSpan.FromSeconds(Math.Ceiling((total - done) / rate)):c} left";
        return detail is null ? text : $"{text}, {detail}";
    }

    void Show(string text, bool finished)
    {
        if (!_terminal)
        {
            Console.Error.WriteLine(text);
            return;
        }

        var width = Math.Max(20, AnsiConsole.Profile.Width - 1);
        Console.Error.Write("\r\u001b[K" + (text.Length > width ? text[..width] : text));
        _lineOpen = true;
        if (finished)
            Close();
    }

    void Erase()
    {
        if (_lineOpen)
            Console.Error.Write("\r\u001b[K");
        _lineOpen = false;
    }

    void Close()
    {
        if (_lineOpen)
            Console.Error.WriteLine();
        _lineOpen = false;
    }
}
