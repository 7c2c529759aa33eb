package absorb

import "strings"

// BaseURL returns the address of the Integration API in a region: us, ca, eu or au, or
// the sandbox of one, such as sandbox-us.
func BaseURL(region string) (string, bool) {
	hosts := map[string]string{"us": "myabsorb.com", "ca": "myabsorb.ca", "eu": "myabsorb.eu", "au": "myabsorb.com.au"}
	place, sandbox := strings.CutPrefix(region, "sandbox-")
	host, ok := hosts[place]
	if !ok {
		return "", false
	}
	if sandbox {
		host = "sandbox." + host
	}
	return "https://rest." + host, true
}
