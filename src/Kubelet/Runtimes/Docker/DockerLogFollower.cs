using System.Text;

namespace Dataplane.Kubelet.Runtimes.Docker;

/// <summary>Copies what the engine keeps of a container's output into the node's log, with the engine's times.</summary>
internal sealed class DockerLogFollower(DockerClient docker, string id, bool isTerminal, ContainerLog log)
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    // What has been copied: the last time, and how many entries have it, as all parts of a long line do.
    private (string Time, int Count) _last = log.LastEntries();
    private (string Time, int Count) _known;

    /// <summary>Runs until the container has ended and all is copied, or it is gone.</summary>
    internal async Task RunAsync(Task ended, TimeProvider time, CancellationToken cancellation)
    {
        while (true)
        {
            var wasEnded = ended.IsCompleted;
            _known = _last;
            try
            {
                // Times are taken from a second earlier and told apart by hand: the engine's "since" has its own idea of fractions.
                var since = DateTimeOffset.TryParse(_last.Time, System.Globalization.CultureInfo.InvariantCulture, out var last) ? $"&since={last.ToUnixTimeSeconds()}" : "";
                using var response = await docker.OpenAsync(
                    HttpMethod.Get, $"containers/{id}/logs?follow={(wasEnded ? 0 : 1)}&stdout=1&stderr=1&timestamps=1{since}", cancellation);
                await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
                await (isTerminal ? CopyLinesAsync(stream, cancellation) : CopyFramesAsync(stream, cancellation));
                if (wasEnded)
                {
                    return;
                }
            }
            catch (DockerException gone) when (gone.Status == System.Net.HttpStatusCode.NotFound)
            {
                return;
            }
            catch (IOException) when (!cancellation.IsCancellationRequested)
            {
                // The engine restarts; it keeps what the container writes meanwhile.
            }

            await Task.WhenAny(ended, Task.Delay(Retry, time, cancellation));
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private async Task CopyFramesAsync(Stream stream, CancellationToken cancellation)
    {
        while (await DockerFrames.ReadAsync(stream, cancellation) is { } frame)
        {
            Take(frame.IsError, frame.Content);
        }
    }

    /// <summary>A terminal's output comes without frames: one line for each piece the engine has kept.</summary>
    private async Task CopyLinesAsync(Stream stream, CancellationToken cancellation)
    {
        using var line = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAsync(buffer, cancellation) is var count and > 0)
        {
            foreach (var letter in buffer.AsSpan(0, count))
            {
                line.WriteByte(letter);
                if (letter == (byte)'\n')
                {
                    Take(false, line.GetBuffer().AsSpan(0, (int)line.Length));
                    line.SetLength(0);
                }
            }
        }

        Take(false, line.GetBuffer().AsSpan(0, (int)line.Length));
    }

    private void Take(bool isError, ReadOnlySpan<byte> entry)
    {
        var blank = entry.IndexOf((byte)' ');
        if (blank <= 0)
        {
            return;
        }

        var stamp = Encoding.ASCII.GetString(entry[..blank]);
        var order = string.CompareOrdinal(stamp, _known.Time);
        if (order < 0 || (order == 0 && _known.Count-- > 0))
        {
            return;
        }

        _last = stamp == _last.Time ? (stamp, _last.Count + 1) : (stamp, 1);
        var text = entry[(blank + 1)..];
        var whole = text is [.., (byte)'\n'];
        log.Entry(isError, stamp, whole ? text[..^1] : text, !whole);
    }
}
