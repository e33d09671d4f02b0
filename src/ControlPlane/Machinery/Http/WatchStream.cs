using System.IO.Pipelines;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Metrics;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Store;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Serves one watch: what is there when it is asked for, then every change, bookmarks, and an end.</summary>
/// <param name="store">What is watched.</param>
/// <param name="reader">Waits for revisions.</param>
/// <param name="metrics">Counts events.</param>
/// <param name="shortest">How long a watch lasts at least whose client does not say; at most twice as long.</param>
/// <param name="time">The clock.</param>
internal sealed class WatchStream(IStore store, ObjectReader reader, RequestMetrics metrics, TimeSpan shortest, TimeProvider time)
{
    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FinalBookmarkLead = TimeSpan.FromSeconds(2);

    public async Task ServeAsync(ApiRequest request, CancellationToken stopping)
    {
        var http = request.Http;
        var query = request.ListQuery();
        if (request.Name.Length > 0)
        {
            query = query with { FieldSelector = $"metadata.name={request.Name}" };
        }

        var filter = new ObjectFilter(request.Descriptor, query.LabelSelector, query.FieldSelector);
        var encoding = WatchEncoding.For(request, time);
        ListRules.CheckWatch(query);
        CheckVersion(request, query);
        await reader.WaitForAsync(query.Revision, http.RequestAborted);
        http.Response.ContentType = encoding.ContentType;
        var output = http.Response.BodyWriter;

        // The head goes out at once: a client counts the watch as established before the first event.
        await output.FlushAsync(http.RequestAborted);
        // Not the same for all, so that their clients do not come back together.
        var lifetime = query.Timeout ?? shortest * (1 + Random.Shared.NextDouble());
        using var deadline = new CancellationTokenSource(lifetime, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(
            [deadline.Token, http.RequestAborted, stopping, request.Descriptor.Withdrawn]);
        StoreWatch watch;
        try
        {
            watch = Begin(request, query, filter, encoding, output);
        }
        catch (CompactedException failure)
        {
            encoding.Error(output, StatusException.Expired(failure.Message));
            await output.FlushAsync(http.RequestAborted);
            return;
        }

        using (watch)
        {
            try
            {
                await PumpAsync(request, query, filter, encoding, output, watch, lifetime, end.Token);
            }
            catch (OperationCanceledException)
            {
                // The deadline, the client or the server ended it: a clean end of the body tells the client.
            }
        }
    }

    /// <exception cref="StatusException">422: no version, which lists call a bad request and watches an invalid one.</exception>
    private static void CheckVersion(ApiRequest request, ListQuery query)
    {
        try
        {
            _ = query.Revision;
        }
        catch (StatusException failure)
        {
            var errors = new FieldErrors();
            errors.Add("resourceVersion", "FieldValueInvalid", failure.Message["resourceVersion: ".Length..]);
            throw StatusException.Invalid(request.Descriptor.Names.Group, request.Descriptor.Names.Plural, "", errors);
        }
    }

    private StoreWatch Begin(ApiRequest request, ListQuery query, ObjectFilter filter, WatchEncoding encoding, PipeWriter output)
    {
        var prefix = request.Descriptor.Prefix(request.Namespace);
        if (query.SendInitialEvents != true && query.ResourceVersion is not ("" or "0"))
        {
            return store.Watch(prefix, query.Revision);
        }

        var snapshot = store.Current;
        var watch = store.Watch(prefix, snapshot.Revision);
        if (query.SendInitialEvents == false)
        {
            return watch;
        }

        foreach (var obj in snapshot.List(prefix).Where(filter.Matches))
        {
            encoding.Initial(output, request.Descriptor.Present(obj));
        }

        if (query.SendInitialEvents == true && query.AllowWatchBookmarks)
        {
            var bookmark = Bookmark(request, snapshot.Revision);
            ((JsonObject)bookmark["metadata"]!)["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
            encoding.Bookmark(output, bookmark);
        }

        return watch;
    }

    private async Task PumpAsync(
        ApiRequest request, ListQuery query, ObjectFilter filter, WatchEncoding encoding, PipeWriter output, StoreWatch watch, TimeSpan lifetime, CancellationToken end)
    {
        await FlushAsync(request.Http, output, end);
        var started = time.GetTimestamp();
        var sent = Revision.None;
        var events = metrics.EventsOf(request.Descriptor.Names);
        var nextBookmark = BookmarkInterval < lifetime ? BookmarkInterval : lifetime - FinalBookmarkLead;
        while (true)
        {
            var delivered = watch.Delivered;
            while (watch.Events.TryRead(out var change))
            {
                if (Shown(filter, change) is { } type)
                {
                    encoding.Event(output, type, change.As(request.Descriptor));
                    events.Increment();
                }

                delivered = change.Revision > delivered ? change.Revision : delivered;
            }

            var elapsed = time.GetElapsedTime(started);
            if (query.AllowWatchBookmarks && elapsed >= nextBookmark)
            {
                nextBookmark = elapsed + BookmarkInterval < lifetime ? elapsed + BookmarkInterval : lifetime - FinalBookmarkLead;
                if (nextBookmark <= elapsed)
                {
                    nextBookmark = TimeSpan.MaxValue;
                }

                if (delivered > sent)
                {
                    encoding.Bookmark(output, Bookmark(request, delivered));
                    sent = delivered;
                }
            }

            await FlushAsync(request.Http, output, end);
            if (!await WaitAsync(watch, query.AllowWatchBookmarks && nextBookmark != TimeSpan.MaxValue ? nextBookmark - elapsed : null, end))
            {
                return;
            }
        }
    }

    // A flush that is cancelled may leave half a record in the connection, which its next user would read. A client that does not take
    // what was sent to it when the watch ends loses the connection instead.
    private static async ValueTask FlushAsync(HttpContext http, PipeWriter output, CancellationToken end)
    {
        var flush = output.FlushAsync(CancellationToken.None);
        if (flush.IsCompletedSuccessfully)
        {
            return;
        }

        try
        {
            await flush.AsTask().WaitAsync(end);
        }
        catch (OperationCanceledException)
        {
            http.Abort();
            throw;
        }
    }

    /// <returns>False when the watch was closed because this client was too slow, or the store with it.</returns>
    private async Task<bool> WaitAsync(StoreWatch watch, TimeSpan? atMost, CancellationToken end)
    {
        var more = watch.Events.WaitToReadAsync(end);
        if (atMost is null || more.IsCompleted)
        {
            return await more;
        }

        try
        {
            var wait = atMost.Value > TimeSpan.Zero ? atMost.Value : TimeSpan.Zero;
            return await more.AsTask().WaitAsync(wait, time, end);
        }
        catch (TimeoutException)
        {
            return true;
        }
    }

    /// <summary>How a change looks through a filter: an object that begins or ceases to match appears or goes.</summary>
    private static WatchEventType? Shown(ObjectFilter filter, StoreEvent change)
    {
        var before = change.Previous is not null && filter.Matches(change.Previous);
        var after = !change.IsDeletion && filter.Matches(change.Object);
        return (before, after) switch
        {
            (false, true) => WatchEventType.Added,
            (true, true) => WatchEventType.Modified,
            (true, false) => WatchEventType.Deleted,
            _ => null,
        };
    }

    private static JsonObject Bookmark(ApiRequest request, Revision revision) => new()
    {
        ["kind"] = request.Descriptor.Names.Kind,
        ["apiVersion"] = request.Descriptor.Names.ApiVersion,
        ["metadata"] = new JsonObject { ["resourceVersion"] = revision.ToString(), ["creationTimestamp"] = null },
    };
}
