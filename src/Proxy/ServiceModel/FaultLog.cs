using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.ServiceModel;

/// <summary>
/// One line for each object with something wrong in it, and another only when that changes: objects are read again with each of their updates, and a
/// slice with a bad endpoint is updated often.
/// </summary>
internal sealed class FaultLog(ILogger logger)
{
    private const int MostNamed = 3;

    private readonly Dictionary<string, string> _told = [];

    /// <param name="subject">Kind and name.</param>
    /// <param name="faults">Field, value and what is wrong with it; empty for an object that is in order or gone.</param>
    internal void Tell(string subject, IReadOnlyList<string> faults)
    {
        if (faults.Count == 0)
        {
            _told.Remove(subject);
            return;
        }

        var text = string.Join("; ", faults.Take(MostNamed)) + (faults.Count > MostNamed ? $"; and {faults.Count - MostNamed} more" : "");
        if (_told.TryGetValue(subject, out var before) && before == text)
        {
            return;
        }

        _told[subject] = text;
        logger.PartsIgnored(subject, text);
    }
}
