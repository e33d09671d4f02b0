using System.Diagnostics;
using System.Text;

namespace Dataplane.Functional;

/// <summary>A program on a terminal of its own, made by script(1), with somebody who types and reads.</summary>
internal sealed class TerminalSession : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _shown = new();
    private readonly Task _reading;
    private TaskCompletionSource _changed = NewChange();

    private TerminalSession(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    /// <summary>All that was shown so far.</summary>
    internal string Shown
    {
        get
        {
            lock (_shown)
            {
                return _shown.ToString();
            }
        }
    }

    /// <param name="command">A shell's line; its terminal has 111 columns and 33 rows.</param>
    /// <param name="environment">Added to this process's.</param>
    internal static TerminalSession Start(string command, IReadOnlyDictionary<string, string> environment) =>
        new(Programs.Start("script", ["-qefc", $"stty rows 33 cols 111; exec {command}", "/dev/null"], environment));

    internal async Task TypeAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Waits until something has been shown.</summary>
    internal async Task ExpectAsync(string text)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            var changed = Volatile.Read(ref _changed).Task;
            if (Shown.Contains(text, StringComparison.Ordinal))
            {
                return;
            }

            if (_reading.IsCompleted || limit.IsCancellationRequested)
            {
                Assert.Fail($"never shown: {text}\n--- shown:\n{Shown}");
            }

            await Task.WhenAny(changed, Task.Delay(Timeout.Infinite, limit.Token));
        }
    }

    /// <returns>The program's exit code.</returns>
    internal async Task<int> EndAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"the session did not end\n--- shown:\n{Shown}");
        }

        await _reading;
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task ReadAsync()
    {
        var buffer = new char[4096];
        while (await _process.StandardOutput.ReadAsync(buffer) is var count and > 0)
        {
            lock (_shown)
            {
                _shown.Append(buffer, 0, count);
            }

            Interlocked.Exchange(ref _changed, NewChange()).SetResult();
        }

        Interlocked.Exchange(ref _changed, NewChange()).SetResult();
    }
}
