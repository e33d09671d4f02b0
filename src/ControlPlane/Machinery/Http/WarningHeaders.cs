using System.Text;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>
/// The Warning headers of an answer (RFC 7234, code 299), which kubectl prints. However much there is to warn of, the headers stay
/// small: past the limit each warning is cut. Source of the limits: apiserver's warning filter.
/// </summary>
internal sealed class WarningHeaders
{
    private const int MaxTotal = 4096;
    private const int MaxEach = 256;

    private readonly List<string> _all = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private int _written;
    private bool _cut;

    public static void Add(HttpContext http, string text)
    {
        if (http.Items[typeof(WarningHeaders)] is not WarningHeaders headers)
        {
            http.Items[typeof(WarningHeaders)] = headers = new WarningHeaders();
        }

        headers.Add(http.Response, text);
    }

    private void Add(HttpResponse response, string text)
    {
        if (text.Length == 0 || (_cut && _written >= MaxTotal) || !_known.Add(text))
        {
            return;
        }

        _all.Add(text);
        if (!_cut && _written + text.Length > MaxTotal)
        {
            // From here on everything is cut, what was written before too.
            _cut = true;
            _written = 0;
            response.Headers.Remove("Warning");
            foreach (var earlier in _all.TakeWhile(_ => _written < MaxTotal))
            {
                Write(response, earlier);
            }

            return;
        }

        Write(response, text);
    }

    private void Write(HttpResponse response, string text)
    {
        var shown = _cut && text.Length > MaxEach ? text[..MaxEach] : text;
        _written += shown.Length;

        // A header has one line of printable ASCII here; anything else could end it.
        var quoted = new StringBuilder(shown.Length + 8).Append("299 - \"");
        foreach (var c in shown)
        {
            _ = c switch
            {
                '"' or '\\' => quoted.Append('\\').Append(c),
                < ' ' or > '~' => quoted.Append('?'),
                _ => quoted.Append(c),
            };
        }

        response.Headers.Append("Warning", quoted.Append('"').ToString());
    }
}
