using System.Globalization;
using System.IO.Compression;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>
/// The files that a log had before: <c>0.log.20260102-030405</c>, those before the last one as <c>.gz</c>, as upstream names and packs them, so that
/// collectors of logs know them.
/// </summary>
internal static class LogRotation
{
    // The default takes "0.log.*" for "0.log" as well, as DOS did.
    private static readonly EnumerationOptions Literally = new() { MatchType = MatchType.Simple };

    private const string TimeFormat = "yyyyMMdd-HHmmss";

    /// <summary>Moves the file that is written out of the way, under a name after all that are there: their order is that of their names.</summary>
    /// <returns>Where it is now.</returns>
    internal static string Move(string path, DateTimeOffset now)
    {
        var time = now.UtcDateTime;
        if (Rotated(path) is [.., var last] && TimeOf(path, last) is { } before && before.AddSeconds(1) > time)
        {
            time = before.AddSeconds(1);
        }

        var target = $"{path}.{time.ToString(TimeFormat, CultureInfo.InvariantCulture)}";
        File.Move(path, target);
        return target;
    }

    /// <summary>Removes what is too many and packs all but the last. Whatever fails is tried again at the next rotation.</summary>
    internal static void TidyUp(string path, int maxFiles)
    {
        try
        {
            var before = Rotated(path);
            foreach (var old in before.Take(Math.Max(0, before.Length - (maxFiles - 1))))
            {
                File.Delete(old);
            }

            foreach (var file in before.Where(File.Exists).SkipLast(1).Where(file => !file.EndsWith(".gz", StringComparison.Ordinal)))
            {
                Pack(file);
            }
        }
        catch (IOException)
        {
            // As said: a full disk, or the pod's directory is being removed.
        }
    }

    /// <summary>Oldest first.</summary>
    internal static string[] Rotated(string path) =>
        [.. Directory.EnumerateFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + ".*", Literally).Where(file => !file.EndsWith(".tmp", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>When a file was moved, UTC; null when its name is not one of ours.</summary>
    private static DateTime? TimeOf(string path, string rotated)
    {
        var text = rotated.AsSpan(path.Length + 1);
        text = text.EndsWith(".gz", StringComparison.Ordinal) ? text[..^3] : text;
        return DateTime.TryParseExact(text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;
    }

    private static void Pack(string file)
    {
        var temporary = file + ".tmp";
        using (var from = File.OpenRead(file))
        using (var to = new GZipStream(File.Create(temporary), CompressionLevel.Fastest))
        {
            from.CopyTo(to);
        }

        File.Move(temporary, file + ".gz", overwrite: true);
        File.Delete(file);
    }
}
