"""The average voice that a fresh recogniser starts from.

pocketsphinx subtracts a running cepstral mean and a new decoder's guess of it is far off, so that the first words a
person says come out wrong. These are the means it arrived at itself after five recordings of one reader (LibriVox,
"Sense and Sensibility", from the public test data of pocketsphinx), who speaks in none of our test clips. From the
second phrase on the decoder's own running mean takes over.
"""

CEPSTRAL_MEAN = "52.79,6.32,-3.09,20.24,-14.25,3.97,-7.17,-6.52,1.48,-4.20,3.01,-1.81,-2.60"
