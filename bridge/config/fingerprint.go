package config

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// Fingerprint returns a hash of the files that the configuration depends on: its own
// file, secrets and templates. It reads their content, because the modification times of
// mounted files are not reliable.
func (c *Config) Fingerprint() string {
	files := append([]string{}, c.Files...)
	if c.Templates != "" {
		for _, pattern := range []string{"*.y*ml", "*/*.y*ml"} { // the second for translations
			found, _ := filepath.Glob(filepath.Join(c.Templates, pattern)) // a missing folder has no files
			files = append(files, found...)
		}
	}
	sum := sha256.New()
	for _, name := range files {
		data, err := os.ReadFile(name)
		fmt.Fprintf(sum, "%q %v %x\n", name, err != nil, sha256.Sum256(data))
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}
