using System.Globalization;
using Dataplane.Api;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Metrics;

/// <summary>/metrics: the families that dashboards of Kubernetes read, under upstream's names and labels.</summary>
internal sealed class MetricsPage(RequestMetrics requests, IStore store, ResourceCatalog catalog)
{
    public const string ContentType = Hosting.MetricsText.ContentType;

    public string Render()
    {
        var text = new ExpositionWriter();
        text.Family("apiserver_current_inflight_requests", "gauge", "Requests being answered, by whether they change anything.");
        text.Sample("apiserver_current_inflight_requests", "request_kind=\"mutating\"", requests.Mutating);
        text.Sample("apiserver_current_inflight_requests", "request_kind=\"readOnly\"", requests.Reading);
        Requests(text);
        Objects(text);
        text.Family("apiserver_watch_events_total", "counter", "Events sent to watchers.");
        foreach (var ((group, version, resource), count) in requests.WatchEvents)
        {
            text.Sample("apiserver_watch_events_total", $"group=\"{group}\",version=\"{version}\",resource=\"{resource}\"", count.Value);
        }

        text.Family("kubernetes_build_info", "gauge", "The version whose API is served.");
        text.Sample(
            "kubernetes_build_info",
            $"git_version=\"{KubernetesVersion.Git}\",major=\"{KubernetesVersion.Major}\",minor=\"{KubernetesVersion.Minor}\"",
            1);
        ProcessMetrics.Write(text);
        return text.ToString();
    }

    private void Requests(ExpositionWriter text)
    {
        var series = requests.Series.OrderBy(entry => entry.Key.ToString(), StringComparer.Ordinal).ToArray();
        text.Family("apiserver_longrunning_requests", "gauge", "Watches and connections there are.");
        foreach (var (labels, numbers) in series.Where(entry => entry.Key.IsLongRunning))
        {
            text.Sample("apiserver_longrunning_requests", Labels(labels), numbers.Running);
        }

        text.Family("apiserver_request_duration_seconds", "histogram", "Time to answer requests other than watches and connections.");
        foreach (var (labels, numbers) in series.Where(entry => !entry.Key.IsLongRunning))
        {
            var written = $"{Labels(labels)},dry_run=\"{labels.DryRun}\"";
            var counts = numbers.Cumulative();
            for (var i = 0; i < counts.Length; i++)
            {
                var bound = i < RequestSeries.Bounds.Length ? RequestSeries.Bounds[i].ToString("R", CultureInfo.InvariantCulture) : "+Inf";
                text.Sample("apiserver_request_duration_seconds_bucket", $"{written},le=\"{bound}\"", counts[i]);
            }

            text.Sample("apiserver_request_duration_seconds_sum", written, numbers.SumSeconds);
            text.Sample("apiserver_request_duration_seconds_count", written, counts[^1]);
        }

        text.Family("apiserver_request_total", "counter", "Requests by what was asked for and the answer's status.");
        foreach (var (labels, numbers) in series)
        {
            foreach (var (code, count) in numbers.Codes.OrderBy(entry => entry.Key))
            {
                text.Sample("apiserver_request_total", $"{Labels(labels)},dry_run=\"{labels.DryRun}\",code=\"{code}\"", count.Value);
            }
        }
    }

    private void Objects(ExpositionWriter text)
    {
        var snapshot = store.Current;
        var counts = catalog.All.Where(resource => !resource.IsReview && resource.Computed is null).DistinctBy(resource => resource.StoragePrefix)
            .Select(resource => (resource.Names, Count: snapshot.List(resource.StoragePrefix).LongCount())).ToArray();
        text.Family("apiserver_resource_objects", "gauge", "Objects of each resource.");
        foreach (var (names, count) in counts)
        {
            text.Sample("apiserver_resource_objects", $"group=\"{names.Group}\",resource=\"{names.Plural}\"", count);
        }

        text.Family("apiserver_storage_objects", "gauge", "The same under the name it had before 1.34.");
        foreach (var (names, count) in counts)
        {
            text.Sample("apiserver_storage_objects", $"resource=\"{names.Qualified}\"", count);
        }
    }

    private static string Labels(RequestLabels labels) =>
        $"component=\"apiserver\",group=\"{labels.Group}\",resource=\"{labels.Resource}\",scope=\"{labels.Scope}\"," +
        $"subresource=\"{labels.Subresource}\",verb=\"{labels.Verb}\",version=\"{labels.Version}\"";
}
